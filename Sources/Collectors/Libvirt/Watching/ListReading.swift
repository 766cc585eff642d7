import LibvirtAPI

/// Asks which domains there are, and of each what needs no QEMU.
struct ListReading: Sendable {
    struct Listing: Sendable {
        let host: HostRecord?
        let domains: [DomainBasics]
    }

    /// Those of which nothing is asked, as they hang where none should.
    let skipped: Set<String>

    static let firstStep = CallStep(call: "virConnectListAllDomains")
    /// Calls that are made of each domain.
    static let calls: Set<String> = ["virDomainGetState", "virDomainGetInfo", MonitorReading.call]

    func run(
        _ connection: any HypervisorConnection, _ errand: Errand<Result<Listing, SourceError>>
    ) -> Result<Listing, SourceError> {
        connection.domains().flatMap { found in
            errand.step("virConnectGetAllDomainStats")
            let states: [String: DomainState]?
            switch connection.states() {
            case .success(let told): states = told
            // Drivers other than QEMU's tell each domain's by itself.
            case .failure(let error) where error.kind == .unsupported: states = nil
            case .failure(let error): return .failure(error)
            }
            var domains: [DomainBasics] = []
            var hasMonitors = true
            for var domain in found {
                domain.state = states?[domain.uuid]
                if !skipped.contains(domain.uuid), let error = ask(&domain, states == nil, &hasMonitors, connection, errand) {
                    return .failure(error)
                }
                domains.append(domain)
            }
            errand.step("virNodeGetInfo")
            return .success(Listing(host: try? connection.host().get(), domains: domains))
        }
    }

    /// What one does not tell is absent.
    ///
    /// - Returns: why no other need be asked.
    private func ask(
        _ domain: inout DomainBasics, _ wantsState: Bool, _ hasMonitors: inout Bool, _ connection: any HypervisorConnection,
        _ errand: Errand<Result<Listing, SourceError>>
    ) -> SourceError? {
        let uuid = domain.uuid
        if wantsState {
            errand.step("virDomainGetState", [uuid])
            switch connection.state(uuid) {
            case .success(let state): domain.state = state
            case .failure(let error): if error.kind == .lost { return error }
            }
        }
        errand.step("virDomainGetInfo", [uuid])
        switch connection.info(uuid) {
        case .success(let info): domain.take(info)
        case .failure(let error): if error.kind == .lost { return error }
        }
        guard domain.isActive, hasMonitors else { return nil }
        errand.step(MonitorReading.call, [uuid])
        switch connection.control(uuid) {
        case .success(let control): domain.control = control
        case .failure(let error):
            if error.kind == .lost { return error }
            hasMonitors = error.kind != .unsupported
        }
        return nil
    }
}
