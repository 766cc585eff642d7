package import Primitives
package import Web

/// What is looked at on this machine: ports, programs, and the Prometheus that is to scrape martlet.
package struct MachineExamination: Sendable {
    package var ports: [PortPlan]
    /// Where Prometheus is.
    package var prometheus: ListenAddress
    package var exporter: ListenAddress?
    package var discovery: ListenAddress?
    /// What was found before, of the settings themselves.
    package var settings: [Finding] = []

    package init(ports: [PortPlan], prometheus: ListenAddress, exporter: ListenAddress?, discovery: ListenAddress?) {
        self.ports = ports
        self.prometheus = prometheus
        self.exporter = exporter
        self.discovery = discovery
    }

    private static let programSeconds = 5.0

    package func run(_ http: HTTPClient, by deadline: Deadline) async -> [DoctorReport.Section] {
        let uses = ports.map { ($0, PortFindings.use($0)) }
        let end = min(deadline, .after(seconds: Self.programSeconds))
        let url = prometheus.url()
        async let answer = PrometheusProbe(url: url, http: http).run(by: deadline)
        let programs = await withTaskGroup(of: (Int, ProgramProbe.Found?).self) { group in
            for (index, probe) in ProgramProbe.all.enumerated() { group.addTask { (index, await probe.run(by: end)) } }
            var found: [Int: ProgramProbe.Found] = [:]
            for await (index, program) in group { found[index] = program }
            return ProgramProbe.all.enumerated().map { (probe: $0.element, found: found[$0.offset]) }
        }
        let machine = settings + PortFindings.judge(uses) + ProgramFindings.judge(programs)
        return [
            DoctorReport.Section(.machine, "this machine", machine),
            DoctorReport.Section(
                .prometheus, "prometheus",
                PrometheusFindings.judge(await answer, at: url, exporter: exporter, discovery: discovery)),
        ]
    }
}
