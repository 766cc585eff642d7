import Testing

@testable import Objects

struct TimestampTests {
    @Test(arguments: [
        ("2026-11-23T03:04:05Z", 1_795_403_045.0), ("2026-11-23T03:04:05.250Z", 1_795_403_045.25),
        ("2026-11-23T05:04:05+02:00", 1_795_403_045.0),
        ("2026-11-22T22:34:05-04:30", 1_795_403_045.0), ("1970-01-01T00:00:00Z", 0), ("2024-02-29t12:00:00z", 1_709_208_000),
    ])
    func `times are read`(_ text: String, _ seconds: Double) { #expect(Timestamp.unixSeconds(text) == seconds) }

    @Test(arguments: [
        "", "2026-11-23", "2026-11-23T03:04:05", "2026-11-23 03:04:05Z", "2025-02-29T00:00:00Z", "2026-11-23T03:04:05.Z",
        "2026-11-23T03:04:05+0200",
        "2026-11-23T25:04:05Z", "2026-11-23T03:04:05ZZ", "２026-11-23T03:04:05Z",
    ])
    func `what is no time is not read`(_ text: String) { #expect(Timestamp.unixSeconds(text) == nil) }

    @Test func `times are written`() {
        #expect(Timestamp.text(1_795_403_045.999) == "2026-11-23T03:04:05Z")
        #expect(Timestamp.preciseText(1_795_403_045.25) == "2026-11-23T03:04:05.250000Z")
    }
}
