import Testing

@testable import Web

@Suite("Moments as HTTP writes them")
struct HTTPDateTests {
    @Test("moments are read", arguments: [("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)])
    func read(_ text: String, _ seconds: Double) {
        #expect(HTTPDate.unixSeconds(text) == seconds)
    }

    @Test(
        "what is none is none",
        arguments: [
            "", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Brumaire 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 25:49:37 GMT",
        ])
    func none(_ text: String) {
        #expect(HTTPDate.unixSeconds(text) == nil)
    }
}
