import Glibc

/// How hard a card works: what its tenants want of it, and what befalls it.
///
/// All of it follows from one quantity, the fraction of the way from idle to the power limit. It is a sum of waves, so that energy, the integral of power, is exact at any moment.
struct CardLoad: Sendable {
    /// What one tenant wants, in the stretches in which it is there.
    struct Stream: Sendable {
        let wave: Wave
        let weight: Double
        var spans: [Span] = [Span(start: -.infinity, end: .infinity)]

        func value(at moment: Double) -> Double { spans.contains { $0.contains(moment) } ? weight * wave.value(at: moment) : 0 }

        func area(from start: Double, to end: Double) -> Double {
            spans.reduce(0) { sum, span in
                guard let part = span.part(from: start, to: end) else { return sum }
                return sum + weight * wave.area(from: part.start, to: part.end)
            }
        }
    }

    /// A stretch in which something else decides.
    struct Overlay: Sendable {
        let span: Span
        /// The fraction of power, and of time in which something runs.
        let power: Double
        let work: Double
    }

    let idlePower: Double
    let powerLimit: Double
    let streams: [Stream]
    /// In the order of time, and none over another.
    let overlays: [Overlay]

    /// How often, and for how long, the past is looked at to see how warm a card has become.
    private static let lagSeconds = 60.0
    private static let lagSteps = 60

    private func overlay(at moment: Double) -> Overlay? { overlays.last { $0.span.contains(moment) } }

    /// The fraction of the way from idle to the limit.
    func share(at moment: Double) -> Double {
        overlay(at: moment)?.power ?? streams.reduce(0) { $0 + $1.value(at: moment) }
    }

    /// The integral of the fraction.
    func shareArea(from start: Double, to end: Double) -> Double {
        guard end > start else { return 0 }
        var area = streams.reduce(0) { $0 + $1.area(from: start, to: end) }
        for overlay in overlays {
            guard let part = overlay.span.part(from: start, to: end) else { continue }
            area += overlay.power * part.seconds - streams.reduce(0) { $0 + $1.area(from: part.start, to: part.end) }
        }
        return area
    }

    /// The fraction of time in which something runs: near the limit, power hardly grows with it.
    func work(at moment: Double) -> Double {
        if let overlay = overlay(at: moment) { return overlay.work }
        return min(0.99, pow(max(0, share(at: moment)), 1.25))
    }

    /// What of the work one tenant does, by its position among the streams.
    func work(ofStream position: Int, at moment: Double) -> Double {
        let whole = streams.reduce(0) { $0 + $1.value(at: moment) }
        return whole > 0 ? work(at: moment) * streams[position].value(at: moment) / whole : 0
    }

    /// Watts.
    func power(at moment: Double) -> Double { idlePower + (powerLimit - idlePower) * share(at: moment) }

    /// Joules.
    func energy(from start: Double, to end: Double) -> Double {
        max(0, end - start) * idlePower + (powerLimit - idlePower) * shareArea(from: start, to: end)
    }

    /// Watts over the past minutes, as a body feels them that takes a minute to follow.
    func laggingPower(at moment: Double) -> Double {
        let step = Self.lagSeconds * 5 / Double(Self.lagSteps)
        var (sum, weights) = (0.0, 0.0)
        for number in 0..<Self.lagSteps {
            let age = (Double(number) + 0.5) * step
            let weight = exp(-age / Self.lagSeconds)
            sum += weight * power(at: moment - age)
            weights += weight
        }
        return sum / weights
    }
}
