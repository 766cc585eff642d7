import Web

extension LLMSimulator {
    /// The servers that these options make, by their names and ports, without starting any: for who has to know them before.
    package static func planned(_ options: Options) -> [Listening] {
        let plan = LLMPlan(
            seed: options.seed, wanted: options.kinds, age: options.age, models: options.models,
            cards: GPUPlan(seed: options.seed, profile: options.profile, count: options.cards))
        var offset = 0
        func address() -> ListenAddress? {
            defer { offset += 1 }
            return UInt16(exactly: Int(options.listen.port) + offset).map { ListenAddress(host: options.listen.host, port: $0) }
        }
        return plan.servers.compactMap { server in
            guard let own = address() else { return nil }
            var metrics: ListenAddress?
            if server.kind == .triton {
                offset += 1
                metrics = address()
            }
            return Listening(
                name: server.name, kind: server.kind, version: server.version, models: server.models.map(\.name), address: own,
                metricsAddress: metrics, isInContainer: server.isInContainer)
        }
    }
}
