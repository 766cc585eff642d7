/// What changes seldom.
struct SlowFacts {
    let device: UInt
    let caller: Caller

    /// As many as NVML knows.
    private static let linkLimit = 36

    func read() -> [Fact: Double] {
        var facts: [Fact: Double] = [:]
        readLimits(&facts)
        readErrors(&facts)
        readLinks(&facts)
        facts[.migEnabled] = number(.migMode).map { $0 == 1 ? 1 : 0 }
        return facts
    }

    private func number(_ call: NVMLCall, _ first: UInt32 = 0, _ second: UInt32 = 0, _ third: UInt32 = 0) -> Double? {
        caller.number(call, device, CallArguments(first: first, second: second, third: third))
    }

    private func readLimits(_ facts: inout [Fact: Double]) {
        facts[.powerLimit(.enforced)] = number(.powerLimitEnforced).map { $0 / 1000 }
        facts[.powerLimit(.configured)] = number(.powerLimit).map { $0 / 1000 }
        facts[.powerLimit(.standard)] = number(.powerLimitDefault).map { $0 / 1000 }
        if let values = caller.numbers(.powerLimitConstraints, device) {
            facts[.powerLimit(.min)] = Double(values.x) / 1000
            facts[.powerLimit(.max)] = Double(values.y) / 1000
        }
        for (kind, limit) in TemperatureLimit.allCases.enumerated() {
            facts[.temperatureLimit(limit)] = number(.temperatureThreshold, UInt32(kind))
        }
        for (kind, domain) in ClockDomain.allCases.enumerated() {
            facts[.clockMax(domain)] = number(.clockMax, UInt32(kind)).map { $0 * 1e6 }
        }
    }

    private func readErrors(_ facts: inout [Fact: Double]) {
        facts[.eccMode] = number(.eccMode)
        for (kindNumber, kind) in ECCKind.allCases.enumerated() {
            // NVML counts the volatile ones first.
            for (counterNumber, counter) in [ECCCounter.volatile, .aggregate].enumerated() {
                let (first, second) = (UInt32(kindNumber), UInt32(counterNumber))
                // Before its parts: an error in between then makes the parts more, and the rest does not go up and down again.
                let total = number(.eccTotal, first, second)
                var known = 0.0
                var isWhole = true
                for (place, location) in ECCLocation.allCases.enumerated() where location != .other {
                    guard let count = number(.eccAt, first, second, UInt32(place)) else {
                        let arguments = CallArguments(first: first, second: second, third: UInt32(place))
                        if !caller.isAbsent(.eccAt, device, arguments) { isWhole = false }
                        continue
                    }
                    facts[.ecc(kind, counter, location)] = count
                    known += count
                }
                if isWhole { facts[.ecc(kind, counter, .other)] = total.map { max(0, $0 - known) } }
            }
        }
        // Where the fields, which are asked for in each pass, do not have them.
        if let values = caller.numbers(.remappedRows, device) {
            facts[.remappedCorrectable] = Double(values.x)
            facts[.remappedUncorrectable] = Double(values.y)
            facts[.remapPending] = Double(values.z)
            facts[.remapFailed] = Double(values.w)
        }
        facts[.retirementPending] = number(.retiredPagesPending)
    }

    private func readLinks(_ facts: inout [Fact: Double]) {
        facts[.pcieGeneration] = number(.pcieGeneration)
        facts[.pcieWidth] = number(.pcieWidth)
        facts[.pcieGenerationMax] = number(.pcieGenerationMax)
        facts[.pcieWidthMax] = number(.pcieWidthMax)
        var active: Double?
        for link in 0..<Self.linkLimit {
            guard let state = number(.nvlinkState, UInt32(link)) else {
                // The first that is not there is the last that is asked for. Of one that does not answer nobody knows whether it is up.
                let isBeyondLast =
                    caller.lastCode == .invalidArgument || caller.isAbsent(.nvlinkState, device, CallArguments(first: UInt32(link)))
                if !isBeyondLast { active = nil }
                break
            }
            active = (active ?? 0) + (state == 1 ? 1 : 0)
        }
        facts[.nvlinkActive] = active
    }
}
