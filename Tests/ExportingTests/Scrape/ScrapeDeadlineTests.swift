import Exporting
import Primitives
import Testing

@Suite struct ScrapeDeadlineTests {
    @Test(
        arguments: [
            (nil, 9.5), ("10", 9.5), ("10.000000", 9.5), ("120", 9.5), ("1e9", 9.5), ("8", 7.5), ("2", 1.5), ("1", 0.75), ("0.3", 0.225),
            ("0.1", 0.075), ("0.01", 0.05), ("1e-300", 0.05),
            // What is no positive number is as if nothing had been said.
            ("", 9.5), ("ten", 9.5), ("10s", 9.5), (" 10", 9.5), ("-1", 9.5), ("0", 9.5), ("-0", 9.5), ("nan", 9.5), ("inf", 9.5),
            ("-inf", 9.5), ("1e999", 9.5), ("5,5", 9.5), ("１", 9.5),
        ] as [(String?, Double)])
    func seconds(header: String?, seconds: Double) {
        #expect(abs(ScrapeDeadline(capSeconds: 10).seconds(header: header) - seconds) < 1e-9)
    }

    @Test(arguments: [(0.1, 0.075), (0.5, 0.375), (30, 29.5), (0, 0.05)])
    func cap(capSeconds: Double, seconds: Double) {
        #expect(abs(ScrapeDeadline(capSeconds: capSeconds).seconds(header: nil) - seconds) < 1e-9)
        #expect(ScrapeDeadline(capSeconds: capSeconds).seconds(header: "3600") <= max(0.05, capSeconds))
    }

    @Test func `time counts from the arrival of the request`() {
        let arrival = ContinuousClock.now.advanced(by: .seconds(-5))
        let deadline = ScrapeDeadline(capSeconds: 10).deadline(header: "4", from: arrival)
        #expect(deadline == Deadline(arrival.advanced(by: .seconds(3.5))))
        #expect(deadline.hasPassed)
    }
}
