/// What is asked for in each pass.
struct FastFacts {
    let device: UInt
    let caller: Caller

    func read() -> [Fact: Double] {
        var facts: [Fact: Double] = [:]
        readWork(&facts)
        readPower(&facts)
        readClocks(&facts)
        readFields(&facts)
        return facts
    }

    private func number(_ call: NVMLCall, _ first: UInt32 = 0) -> Double? {
        caller.number(call, device, CallArguments(first: first))
    }

    /// What an older call says, where the card does not have the newer one.
    private func standIn(_ older: NVMLCall, for newer: NVMLCall) -> SIMD4<Int64>? {
        caller.isAbsent(newer, device) ? caller.numbers(older, device) : nil
    }

    private func readWork(_ facts: inout [Fact: Double]) {
        if let values = caller.numbers(.utilization, device) {
            facts[.utilization] = Double(values.x) / 100
            facts[.memoryUtilization] = Double(values.y) / 100
        }
        if let values = caller.numbers(.memory, device) {
            facts[.memoryTotal] = Double(values.x)
            facts[.memoryReserved] = Double(values.y)
            facts[.memoryFree] = Double(values.z)
            facts[.memoryUsed] = Double(values.w)
        } else if let values = standIn(.memoryPlain, for: .memory) {
            facts[.memoryTotal] = Double(values.x)
            facts[.memoryFree] = Double(values.z)
            facts[.memoryUsed] = Double(values.w)
        }
        let engines: [(NVMLCall, Fact)] = [(.encoder, .encoder), (.decoder, .decoder), (.jpeg, .jpeg), (.ofa, .ofa)]
        for (call, fact) in engines { facts[fact] = number(call).map { $0 / 100 } }
        facts[.encoderSessions] = number(.encoderStats)
    }

    private func readPower(_ facts: inout [Fact: Double]) {
        facts[.power] = number(.power).map { $0 / 1000 }
        facts[.energy] = number(.energy).map { $0 / 1000 }
        facts[.temperature] = number(.temperature) ?? standIn(.temperaturePlain, for: .temperature).map { Double($0.x) }
        facts[.temperatureMargin] = number(.temperatureMargin)
        facts[.fan] = number(.fanSpeed).map { $0 / 100 }
        // 32 stands for a state that is not known.
        facts[.performanceState] = number(.performanceState).flatMap { $0 < 32 ? $0 : nil }
    }

    private func readClocks(_ facts: inout [Fact: Double]) {
        for (number, domain) in ClockDomain.allCases.enumerated() {
            facts[.clock(domain)] = self.number(.clock, UInt32(number)).map { $0 * 1e6 }
        }
        guard let reasons = (caller.numbers(.eventReasons, device) ?? standIn(.throttleReasons, for: .eventReasons))?.x else { return }
        for (bit, reason) in ThrottleReason.allCases.enumerated() {
            facts[.throttle(reason)] = reasons >> Int64(bit) & 1 == 1 ? 1 : 0
        }
    }

    // MARK: fields

    private static let allLinks = UInt32.max

    /// A field, what it is, and by what it is multiplied.
    private static let fields: [(FieldRequest, Fact, Double)] = [
        (FieldRequest(field: 29), .retiredSingleBit, 1), (FieldRequest(field: 30), .retiredDoubleBit, 1),
        (FieldRequest(field: 31), .retirementPending, 1),
        (FieldRequest(field: 74), .held(.powerCap), 1e-9), (FieldRequest(field: 76), .held(.syncBoost), 1e-9),
        (FieldRequest(field: 77), .held(.boardLimit), 1e-9), (FieldRequest(field: 78), .held(.lowUtilization), 1e-9),
        (FieldRequest(field: 79), .held(.reliability), 1e-9), (FieldRequest(field: 269), .held(.softwareThermal), 1e-9),
        (FieldRequest(field: 270), .held(.hardwareThermal), 1e-9), (FieldRequest(field: 271), .held(.powerBrake), 1e-9),
        (FieldRequest(field: 82), .memoryTemperature, 1), (FieldRequest(field: 94), .pcieReplays, 1),
        (FieldRequest(field: 142), .remappedCorrectable, 1), (FieldRequest(field: 143), .remappedUncorrectable, 1),
        (FieldRequest(field: 144), .remapPending, 1), (FieldRequest(field: 145), .remapFailed, 1),
        (FieldRequest(field: 197), .pcieTransmitted, 1), (FieldRequest(field: 198), .pcieReceived, 1),
        (FieldRequest(field: 230), .recoveryAction, 1),
        (FieldRequest(field: 193), .limitMargin(.shutdown), 1), (FieldRequest(field: 194), .limitMargin(.slowdown), 1),
        (FieldRequest(field: 196), .limitMargin(.operating), 1),
        (FieldRequest(field: 202, scope: allLinks), .nvlinkTransmitted, 1),
        (FieldRequest(field: 204, scope: allLinks), .nvlinkReceived, 1),
        (FieldRequest(field: 38), .nvlinkErrors(.crcFlit), 1), (FieldRequest(field: 45), .nvlinkErrors(.crcData), 1),
        (FieldRequest(field: 52), .nvlinkErrors(.replay), 1), (FieldRequest(field: 59), .nvlinkErrors(.recovery), 1),
    ]

    /// Older forms, what they are, by what they are multiplied, and the newer ones that the driver does not have where they are shown.
    private static let olderFields: [(FieldRequest, Fact, Double, [FieldRequest])] = [
        (FieldRequest(field: 75), .held(.thermal), 1e-9, [FieldRequest(field: 269), FieldRequest(field: 270)]),
        (FieldRequest(field: 138, scope: allLinks), .nvlinkTransmitted, 1024, [FieldRequest(field: 202, scope: allLinks)]),
        (FieldRequest(field: 139, scope: allLinks), .nvlinkReceived, 1024, [FieldRequest(field: 204, scope: allLinks)]),
    ]

    private func readFields(_ facts: inout [Fact: Double]) {
        let values = caller.fields(device, Self.fields.map(\.0) + Self.olderFields.map(\.0))
        for (request, fact, factor) in Self.fields { facts[fact] = values[request].map { $0 * factor } }
        // A newer one that failed this time is no reason for another number or another family.
        for (request, fact, factor, newer) in Self.olderFields where newer.allSatisfy({ caller.lacks($0, device) }) {
            facts[fact] = values[request].map { $0 * factor }
        }
        // Blocks for 20 ms each, so it is asked only where the counters are not to be had.
        if lacks(197) { facts[.pcieTransmitRate] = number(.pcieThroughput, 0).map { $0 * 1000 } }
        if lacks(198) { facts[.pcieReceiveRate] = number(.pcieThroughput, 1).map { $0 * 1000 } }
        if lacks(94) { facts[.pcieReplays] = number(.pcieReplays) }
    }

    private func lacks(_ field: UInt32) -> Bool { caller.lacks(FieldRequest(field: field), device) }
}
