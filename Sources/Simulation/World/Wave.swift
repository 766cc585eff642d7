import Glibc

/// A quantity that goes up and down for ever and stays above 0: a base and three sinusoids of time.
///
/// Its integral has a closed form, so a counter that sums it is exact at any moment without a memory of what came before.
struct Wave: Sendable {
    private struct Swing: Sendable {
        let height: Double
        /// Radians a second.
        let frequency: Double
        let phase: Double

        init(_ height: Double, periodSeconds: Double, _ generator: inout SeededGenerator) {
            self.height = height
            frequency = 2 * .pi / periodSeconds
            phase = generator.uniform(0, 2 * .pi)
        }

        func value(at moment: Double) -> Double { height * sin(frequency * moment + phase) }

        func area(to moment: Double) -> Double { -height / frequency * cos(frequency * moment + phase) }
    }

    /// The mean over long times.
    let base: Double
    /// No value is above it.
    let peak: Double
    private let minutes: Swing
    private let hours: Swing
    private let days: Swing

    /// - Parameter depth: how far the wave may leave its base, as a fraction of it; at most 0.9.
    init(base: Double, depth: Double, _ generator: inout SeededGenerator) {
        let depth = min(depth, 0.9)
        self.base = base
        peak = base * (1 + depth)
        minutes = Swing(base * depth * 0.35, periodSeconds: generator.uniform(240, 900), &generator)
        hours = Swing(base * depth * 0.40, periodSeconds: generator.uniform(3_000, 14_400), &generator)
        days = Swing(base * depth * 0.25, periodSeconds: 86_400, &generator)
    }

    /// The quantity at a moment.
    func value(at moment: Double) -> Double {
        base + minutes.value(at: moment) + hours.value(at: moment) + days.value(at: moment)
    }

    /// The integral from one moment to a later one.
    func area(from start: Double, to end: Double) -> Double { area(to: end) - area(to: start) }

    private func area(to moment: Double) -> Double {
        base * moment + minutes.area(to: moment) + hours.area(to: moment) + days.area(to: moment)
    }
}
