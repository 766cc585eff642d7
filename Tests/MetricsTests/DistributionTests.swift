import Metrics
import Testing

@Suite("Histograms and summaries")
struct DistributionTests {
    private static let labels = LabelSchema("module")

    @Test("A bound belongs to its bucket, and buckets add up")
    func buckets() throws {
        var catalogue = Catalogue()
        let metric = catalogue.histogram("x_seconds", "Durations.", labels: Self.labels, source: "test")
        var distribution = Distribution(bounds: [0.5, 1, 10])
        for value in [0.25, 0.5, 0.75, 10, 11] { distribution.observe(value) }
        var buffer = SampleBuffer(part: "a")
        buffer.add(metric, buffer.labels(Self.labels, "a\"b"), distribution)
        #expect(
            try text([catalogue], [[buffer]]) == """
                # HELP x_seconds Durations.
                # TYPE x_seconds histogram
                x_seconds_bucket{module="a\\"b",le="0.5"} 2
                x_seconds_bucket{module="a\\"b",le="1.0"} 3
                x_seconds_bucket{module="a\\"b",le="10.0"} 4
                x_seconds_bucket{module="a\\"b",le="+Inf"} 5
                x_seconds_sum{module="a\\"b"} 22.5
                x_seconds_count{module="a\\"b"} 5

                """)
    }

    @Test("A summary has sum and count, with labels and without")
    func summary() throws {
        var catalogue = Catalogue()
        let labelled = catalogue.summary("y_seconds", "Durations.", labels: Self.labels, source: "test")
        let plain = catalogue.summary("z_seconds", "Durations.", labels: .none, source: "test")
        var distribution = Distribution()
        distribution.observe(2)
        distribution.observe(0.5)
        var buffer = SampleBuffer(part: "a")
        buffer.add(plain, .empty, distribution)
        buffer.add(labelled, buffer.labels(Self.labels, "m"), Distribution())
        #expect(
            samples(try text([catalogue], [[buffer]])) == [
                "y_seconds_sum{module=\"m\"} 0", "y_seconds_count{module=\"m\"} 0", "z_seconds_sum 2.5", "z_seconds_count 2",
            ])
    }

    @Test("What is no number is not counted")
    func notANumber() {
        var distribution = Distribution(bounds: [1])
        for value in [0.5, .nan, 2, .signalingNaN] { distribution.observe(value) }
        #expect(distribution.count == 2 && distribution.sum == 2.5 && distribution.counts == [1, 1])
    }

    @Test("The same series from two parts is there once")
    func duplicates() throws {
        var catalogue = Catalogue()
        let metric = catalogue.summary("y_seconds", "Durations.", labels: Self.labels, source: "test")
        let buffers = ["a", "b"].map { part in
            var buffer = SampleBuffer(part: part)
            buffer.add(metric, buffer.labels(Self.labels, "same"), Distribution())
            return buffer
        }
        #expect(samples(try text([catalogue], [buffers])).count == 2)
    }
}
