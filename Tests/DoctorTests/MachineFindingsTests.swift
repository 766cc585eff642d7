import Glibc
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
        #expect(plan.isExpected("prometheus-node", isOfFile: false))
        #expect(!plan.isExpected("prometheus-node", isOfFile: true))
        #expect(plan.isExpected("prometheus-node-exporter", isOfFile: true))
        #expect(plan.isExpected("node_exporter", isOfFile: true))
        #expect(!plan.isExpected("nginx", isOfFile: false))
        #expect(PortHolder.fileName("/usr/bin/prometheus-alertmanager (deleted)") == "prometheus-alertmanager")
    }

    @Test("whoever could call himself anything is warned of with his number")
    func owners() {
        let plan = PortPlan("exporter", ListenAddress(host: "127.0.0.1", port: 9221), flag: "--x", programs: ["martlet"])
        func said(_ userID: UInt32, isOfFile: Bool = true) -> [Finding] {
            let holder = PortHolder(processID: 7, name: "martlet", isOfFile: isOfFile, userID: userID)
            return PortFindings.judge([(plan, .held(holder))], ourUserID: 1000)
        }
        #expect(said(0, isOfFile: false).map(\.state) == [.ok])
        #expect(said(1000, isOfFile: false).map(\.state) == [.ok])
        // An account of a service's own.
        #expect(said(105).map(\.state) == [.ok])
        #expect(said(62000).map(\.state) == [.ok])
        #expect(said(105, isOfFile: false).map(\.state) == [.warning])
        #expect(said(1001).map(\.state) == [.warning])
        #expect(said(1001).first?.summary.hasSuffix("of the user with the number 1001") == true)
    }

    @Test("a port is tried without being listened on")
    func trial() throws {
        let address = ListenAddress(host: "127.0.0.1", port: 0)
        #expect(PortTrial.code(of: address) == 0)
        #expect(PortTrial.code(of: ListenAddress(host: "192.0.2.1", port: 0)) == EADDRNOTAVAIL)
        let held = try address.listen(origin: "test")
        defer { close(held) }
        #expect(PortTrial.code(of: address.bound(to: held)) == EADDRINUSE)
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
        // What was not read is not believed.
        #expect(ExporterProbe.answer(HTTPClientError(kind: .tooLarge, message: "")) != .metrics)
    }

    @Test(
        "a page of metrics is told by a line of it",
        arguments: [
            ("# HELP up It is.\n", true), ("# TYPE up gauge\n", true), ("up 1\n", true), ("x{a=\"b } c\"} 1e3 1700000000000\n", true),
            ("_x NaN\n", true), ("", false), ("<html>hello</html>\n", false), ("welcome to this page\n", false), ("# HELLO\n", false),
            ("x{a=\"b\" 1\n", false), ("1 1\n", false), ("\u{FFFD}\n", false), ("up\n", false),
        ])
    func metrics(page: String, areMetrics: Bool) {
        #expect(ExporterProbe.areMetrics(Array(page.utf8)) == areMetrics)
        #expect(ExporterProbe.answer(200, Array(page.utf8)) == (areMetrics ? .metrics : .noMetrics))
        #expect(ExporterProbe.answer(404, Array(page.utf8)) == .absent)
        #expect(ExporterProbe.answer(503, Array(page.utf8)) == .stranger("answers 503"))
    }
}
