/// What comes to an engine, as a function of time: how many ask it, and what befalls it.
struct EngineLoad: Sendable, Equatable {
    /// A stretch in which something is out of the ordinary.
    struct Trouble: Sendable, Equatable {
        let scenario: Scenario
        let span: Span
    }

    /// What is so at a moment.
    struct Conditions: Sendable, Equatable {
        var isCrowded = false
        /// A crowd comes at once, then what is just too much.
        var isBurst = false
        var hasLongPrompts = false
        var isSlow = false
        var isStalled = false
        var fails = false
    }

    static func == (left: EngineLoad, right: EngineLoad) -> Bool { left.troubles == right.troubles }

    /// How the load of the day goes; its base is what is usual.
    let wave: Wave
    /// Of what is usual for the engine.
    let weight: Double
    /// In the order of time.
    let troubles: [Trouble]

    /// A burst fills queues within seconds, so that nobody waits for half an hour to see one.
    static let burstSeconds = 15.0

    /// What is so at a moment; a stretch's end belongs to what follows.
    func conditions(at moment: Double) -> Conditions {
        var conditions = Conditions()
        for trouble in troubles where trouble.span.contains(moment) {
            switch trouble.scenario {
            case .queueBacklog:
                conditions.isCrowded = true
                conditions.isBurst = moment < trouble.span.start + Self.burstSeconds
            case .kvSaturation:
                conditions.hasLongPrompts = true
                conditions.isCrowded = true
                conditions.isBurst = moment < trouble.span.start + Self.burstSeconds
            case .slowFirstToken: conditions.isSlow = true
            case .stalled: conditions.isStalled = true
            case .errors: conditions.fails = true
            default: break
            }
        }
        return conditions
    }

    /// The next moment at which conditions may be others.
    func nextChange(after moment: Double) -> Double {
        var next = Double.infinity
        for trouble in troubles {
            for time in [trouble.span.start, trouble.span.start + Self.burstSeconds, trouble.span.end] where time > moment {
                next = min(next, time)
            }
        }
        return next
    }

    /// Requests a second.
    func rate(of shape: EngineShape, at moment: Double, _ conditions: Conditions) -> Double {
        let usual = weight * shape.usualRate * wave.value(at: moment) / wave.base
        guard conditions.isCrowded else { return usual }
        let full = shape.fullRate * (conditions.hasLongPrompts ? 0.5 : 1.25)
        return max(usual, conditions.isBurst ? full + 1.5 * Double(shape.slots) / Self.burstSeconds : full)
    }
}
