/// Where the parts of a stack listen if nobody says otherwise.
package enum StackProfile: String, Sendable, CaseIterable {
    /// The ports that everybody knows.
    case standard
    /// Those of a machine that serves language models: pages from 23000 on and exporters from 8081 on, so that 8000, 8080 and 3000 are left to
    /// the servers, and a stack on the usual ports can run beside it.
    case llm

    package enum Part: String, Sendable, CaseIterable {
        case dashboards, prometheus, loki, alertmanager, discovery
        case exporter
        case nodeExporter = "node_exporter"
        case cardExporter = "exporter beside simulated cards"
        case logs
        case manager
        case managerAPI = "manager's API"
        case libvirtProvider = "libvirt provider"
        case simulatedProvider = "simulated provider"
    }

    /// `HOST:PORT`.
    package func address(of part: Part) -> String { "127.0.0.1:\(port(of: part))" }

    private func port(of part: Part) -> Int {
        switch (self, part) {
        case (.standard, .dashboards): 3000
        case (.standard, .prometheus): 9090
        case (.standard, .loki): 3100
        case (.standard, .alertmanager): 9093
        case (.standard, .discovery): 8000
        case (.standard, .exporter): 9221
        case (.standard, .nodeExporter): 9100
        case (.standard, .cardExporter): 9835
        case (.standard, .logs): 8085
        case (.standard, .manager): 8080
        case (.standard, .managerAPI): 8070
        case (.standard, .libvirtProvider): 8071
        case (.standard, .simulatedProvider): 8072
        case (.llm, .dashboards): 23000
        case (.llm, .prometheus): 23001
        case (.llm, .loki): 23002
        case (.llm, .alertmanager): 23003
        case (.llm, .discovery): 23004
        case (.llm, .exporter): 8081
        case (.llm, .nodeExporter): 8082
        case (.llm, .cardExporter): 8083
        case (.llm, .logs): 8085
        case (.llm, .manager): 8086
        case (.llm, .managerAPI): 8087
        case (.llm, .libvirtProvider): 8088
        case (.llm, .simulatedProvider): 8089
        }
    }
}
