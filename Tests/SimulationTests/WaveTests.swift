import Testing

@testable import Simulation

@Suite struct WaveTests {
    private static func wave(_ index: Int, base: Double, depth: Double) -> Wave {
        var generator = SeededGenerator(seed: 11, "test", index)
        return Wave(base: base, depth: depth, &generator)
    }

    @Test(arguments: 0..<20) func `it stays between 0 and its peak`(index: Int) {
        let wave = Self.wave(index, base: 3, depth: 0.9)
        for moment in stride(from: -90_000.0, to: 90_000, by: 631.7) {
            let value = wave.value(at: moment)
            #expect(value > 0 && value <= wave.peak)
        }
    }

    @Test(arguments: 0..<20) func `its area is the integral of its value`(index: Int) {
        let wave = Self.wave(index, base: 250, depth: 0.8)
        for start in stride(from: -40_000.0, to: 40_000, by: 3_331) {
            // The mean over a short stretch is the value in its middle.
            #expect(abs(wave.area(from: start, to: start + 1) - wave.value(at: start + 0.5)) < 0.01)
            let whole = wave.area(from: start, to: start + 5_000)
            let parts = wave.area(from: start, to: start + 1_234) + wave.area(from: start + 1_234, to: start + 5_000)
            #expect(abs(whole - parts) < 1e-6 * whole)
        }
    }

    @Test func `streams of one seed are independent and fixed`() {
        var one = SeededGenerator(seed: 1, "a")
        var same = SeededGenerator(seed: 1, "a")
        var other = SeededGenerator(seed: 1, "b")
        var next = SeededGenerator(seed: 1, "a", 1)
        let first = one.next()
        #expect(first == same.next())
        #expect(first != other.next() && first != next.next())
        for _ in 0..<1000 {
            let fraction = one.fraction()
            #expect(fraction >= 0 && fraction < 1)
            #expect((0..<7).contains(one.below(7)))
        }
    }

    @Test func `spans that touch become one`() {
        var spans: [Span] = []
        spans.extend(with: Span(start: 1, end: 1))
        #expect(spans.isEmpty)
        spans.extend(with: Span(start: 1, end: 2))
        spans.extend(with: Span(start: 2, end: 3))
        spans.extend(with: Span(start: 5, end: .infinity))
        #expect(spans == [Span(start: 1, end: 3), Span(start: 5, end: .infinity)])
    }

    @Test(arguments: [(0, "0.00"), (7, "0.07"), (99, "0.99"), (100, "1.00"), (1888, "18.88"), (123_456, "1234.56"), (-5, "0.00")])
    func `hundredths as text`(value: Int, text: String) { #expect(hundredthsText(value) == text) }
}
