import Testing
import Web

@testable import Doctor

@Suite("What is said of the machine")
struct MachineFindingsTests {
    /// As the kernel writes it: a listener on 127.0.0.1:9090, one on all addresses at 9100, and a connection from port 9090.
    private static let table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
           1: 00000000:238C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
           2: 0100007F:2382 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0
        """

    @Test("only listeners on the address count, or on all")
    func inodes() {
        #expect(PortHolder.inodes(of: 9090, in: Self.table, host: "127.0.0.1") == ["4711"])
        #expect(PortHolder.inodes(of: 9090, in: Self.table, host: "127.0.0.2") == [])
        #expect(PortHolder.inodes(of: 9090, in: Self.table, host: "") == ["4711"])
        #expect(PortHolder.inodes(of: 9100, in: Self.table, host: "127.0.0.2") == ["4712"])
        #expect(PortHolder.inodes(of: 9221, in: Self.table, host: "127.0.0.1") == [])
        #expect(PortHolder.inodes(of: 9090, in: "nonsense\n1: 2\n", host: "127.0.0.1") == [])
    }

    @Test("a listener of IPv6 on an address that is one of IPv4 counts")
    func mapped() {
        let line = "   0: 0000000000000000FFFF00000100007F:2405 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 99 1"
        #expect(PortHolder.inodes(of: 9221, in: "head\n" + line, host: "127.0.0.1") == ["99"])
    }

    @Test("the kernel keeps fifteen letters of a program's name")
    func names() {
        let plan = PortPlan(
            "node_exporter", ListenAddress(host: "127.0.0.1", port: 9100), flag: "--x",
            programs: ["prometheus-node-exporter", "node_exporter"])
        #expect(plan.isExpected("prometheus-node"))
        #expect(plan.isExpected("node_exporter"))
        #expect(!plan.isExpected("nginx"))
    }

    @Test(
        "rules need a Prometheus of 2.42",
        arguments: [("2.41.0", true), ("2.42.0+ds", false), ("2.5.0", true), ("3.0.0-rc.1", false), ("1.8.2", true), ("unknown", false)])
    func age(version: String, isOld: Bool) {
        #expect(ProgramFindings.age(version, "it").isEmpty != isOld)
    }

    @Test("programs say their version in one of two ways")
    func versions() {
        #expect(ProgramProbe.version(in: "prometheus, version 2.42.0+ds (branch: debian/sid, revision: 2)\n") == "2.42.0+ds")
        #expect(ProgramProbe.version(in: "no such thing") == nil)
        #expect(ProgramProbe.version(in: "version") == nil)
    }

    @Test("targets are read, and ours is found by its port")
    func targets() {
        let json = """
            {"data":{"activeTargets":[{"scrapeUrl":"http://10.0.0.1:9221/metrics","health":"down","lastError":"refused","labels":{"job":"x"},
            "discoveredLabels":{"__meta_proxmox_cluster":"lab"}},{"health":"up"}]}}
            """
        let targets = PrometheusProbe.targets(in: Array(json.utf8))
        #expect(targets == [.init(url: "http://10.0.0.1:9221/metrics", job: "x", isUp: false, error: "refused", isDiscovered: true)])
        #expect(PrometheusProbe.targets(in: Array("{}".utf8)) == nil)
        #expect(PrometheusFindings.isPort(9221, of: "http://[::1]:9221/metrics"))
        #expect(!PrometheusFindings.isPort(9221, of: "http://host:19221/metrics"))
        #expect(!PrometheusFindings.isPort(9221, of: "nonsense"))
    }

    @Test("what exporters fail with is told apart")
    func exporters() {
        #expect(ExporterProbe.answer(HTTPClientError(kind: .connect, message: "Failed to connect: Connection refused")) == .refused)
        #expect(ExporterProbe.answer(HTTPClientError(kind: .connect, message: "No route to host")) == .unreachable("No route to host"))
        #expect(ExporterProbe.answer(HTTPClientError(kind: .timeout, message: "")) == .silent)
        // So much can only be metrics.
        #expect(ExporterProbe.answer(HTTPClientError(kind: .tooLarge, message: "")) == .metrics)
    }
}
