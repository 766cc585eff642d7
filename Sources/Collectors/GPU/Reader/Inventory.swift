/// Which cards there are: the first thing that is asked.
struct Inventory {
    let caller: Caller
    /// What the driver knows of cards that do not answer.
    var files: [DriverFiles.Card] = []
    /// Whether a card must say more than what it is called, to be believed that it works.
    var isThorough = false

    /// No failure where there are no cards; attaches those that are idle, as every program does that reads them.
    private static let initializeWithoutCards: UInt32 = 1

    /// What is to be said, the cards, and the call that failed if the library does not work.
    func read() -> (hello: ReaderLine.Hello, cards: [(device: UInt, identity: CardIdentity)], fault: String) {
        caller.beginPass()
        let arguments = CallArguments(first: Self.initializeWithoutCards)
        let start = caller.plainNumbers(.initialize, 0, arguments).code
        guard start == .success else {
            return (
                ReaderLine.Hello(code: start.rawValue, reason: "\(NVMLCall.initialize.rawValue): \(start)"), [],
                NVMLCall.initialize.rawValue
            )
        }
        var hello = ReaderLine.Hello(code: 0)
        hello.driverVersion = caller.text(.driverVersion)?.text ?? ""
        caller.endLoss()
        hello.nvmlVersion = caller.text(.nvmlVersion)?.text ?? ""
        caller.endLoss()
        if let version = caller.numbers(.cudaVersion)?.x { hello.cudaVersion = "\(version / 1000).\(version % 1000 / 10)" }
        caller.endLoss()
        let count = caller.plainNumbers(.count)
        if let stale = caller.verdict.stale {
            return (ReaderLine.Hello(code: stale.code.rawValue, reason: "\(stale.call): \(stale.code)"), [], stale.call)
        }
        guard count.code == .success else {
            return (
                ReaderLine.Hello(code: count.code.rawValue, reason: "\(NVMLCall.count.rawValue): \(count.code)"), [],
                NVMLCall.count.rawValue
            )
        }
        hello.count = Int(min(max(0, count.values.x), Int64(ReaderLine.cardLimit)))
        var cards: [(device: UInt, identity: CardIdentity)] = []
        for index in 0..<hello.count {
            caller.beginPass()
            guard let device = caller.handle(.handle, 0, CallArguments(first: UInt32(index))),
                let uuid = caller.text(.uuid, device)?.text, !uuid.isEmpty, works(device)
            else {
                if let stale = caller.verdict.stale {
                    return (ReaderLine.Hello(code: stale.code.rawValue, reason: "\(stale.call): \(stale.code)"), [], stale.call)
                }
                hello.missing.append(ReaderLine.MissingCard(index: index, condition: condition(caller.lastCode)))
                continue
            }
            cards.append((device, CardIdentity(uuid: plainLine(uuid, limit: ReaderLine.textBytes), index: index)))
        }
        hello.cards = cards.map(\.identity.uuid)
        hello.missing = identified(hello.missing, found: Set(hello.cards))
        return (hello, cards, "")
    }

    /// Of a card that does not say what it is. One that we may not look at may be well.
    private func condition(_ code: ReturnCode) -> CardCondition {
        switch code.meaning {
        case .resetRequired: .resetRequired
        case .forbidden: .unknown
        default: .lost
        }
    }

    private func works(_ device: UInt) -> Bool {
        guard isThorough else { return true }
        _ = caller.text(.name, device)
        _ = caller.number(.temperaturePlain, device)
        _ = caller.number(.power, device)
        return !caller.verdict.isFinal
    }

    /// Those of the driver that did not answer, where there are as many as NVML counts: both have the order of the bus.
    private func identified(_ missing: [ReaderLine.MissingCard], found: Set<String>) -> [ReaderLine.MissingCard] {
        let silent = files.filter { $0.uuid.isEmpty || !found.contains($0.uuid) }
        guard silent.count == missing.count else { return missing }
        return zip(missing, silent).map { card, file in
            ReaderLine.MissingCard(index: card.index, uuid: file.uuid, busID: file.busID, name: file.name, condition: card.condition)
        }
    }
}
