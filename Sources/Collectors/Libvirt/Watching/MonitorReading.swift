/// Asks whether the monitors of some domains owe an answer, which asks no QEMU.
struct MonitorReading: Sendable {
    let domains: [String]

    static let call = "virDomainGetControlInfo"

    var firstStep: CallStep { CallStep(call: Self.call, domains: domains) }

    /// What is told of those that are there still.
    func run(
        _ connection: any HypervisorConnection, _ errand: Errand<Result<[String: DomainControl], SourceError>>
    ) -> Result<[String: DomainControl], SourceError> {
        var told: [String: DomainControl] = [:]
        for uuid in domains {
            errand.step(Self.call, [uuid])
            switch connection.control(uuid) {
            case .success(let control): told[uuid] = control
            case .failure(let error) where error.kind == .gone || error.kind == .failed: continue
            case .failure(let error): return .failure(error)
            }
        }
        return .success(told)
    }
}

/// What is known of monitors.
enum Monitors: Sendable {
    case told([String: DomainControl])
    /// This hypervisor has no such call.
    case untold
    /// They could not be asked, which says nothing of any domain.
    case unknown

    /// Those of the domains whose monitors have owed an answer for about as long as we have waited for one.
    func owing(_ domains: [String], patienceSeconds: Double) -> [String] {
        guard case .told(let controls) = self else { return [] }
        return domains.filter { uuid in
            controls[uuid].map { $0.state == .occupied && $0.seconds >= patienceSeconds / 2 } ?? false
        }
    }
}
