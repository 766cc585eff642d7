import CollectorConformance
import Primitives
import ProxmoxAPI
import Testing
import Web

@testable import ProxmoxDropIn

/// What a request makes of its parameters and headers.
@Suite struct RequestTests {
    @Test(
        arguments: [
            ("", true, true), ("cluster=1&node=1", true, true), ("cluster=yes&node=no", true, true), ("cluster=2", true, true),
            ("cluster=off", true, true),
            ("cluster=0", false, true), ("cluster=false", false, true), ("cluster=False", false, true),
            ("cluster=FALSE&node=TRUE", false, true),
            ("cluster=", false, true), ("cluster", false, true), ("node=0", true, false), ("node=false", true, false),
            ("node=fAlSe", true, false),
            ("node=", true, false), ("cluster=0&node=0", false, false), ("cluster=&node=", false, false),
            ("cluster=%30&node=f%61lse", false, false),
            ("cluster=00", true, true), ("cluster=%20", true, true), ("cluster=0.0", true, true), ("Cluster=0", true, true),
            // Of a parameter given twice, the first.
            ("cluster=0&cluster=1", false, true), ("other=0&node=0&x=y&module=default", true, false),
        ])
    func `parameters that are false`(query: String, cluster: Bool, node: Bool) async throws {
        try await serving { api, exporter in
            let answer = try await exporter.ask(query)
            #expect(answer.status == 200)
            #expect(answer.exposition.faults == [])
            #expect(api.takeCalls() == Set((cluster ? Lab.ofCluster : []) + (node ? Lab.ofNode : [])).sorted())
            #expect(answer.exposition.types.keys.contains("pve_cpu_usage_ratio") == cluster)
            #expect(answer.exposition.types.keys.contains("pve_onboot_status") == node)
            if !cluster, !node { #expect(answer.text == "") }
        }
    }

    @Test func `each endpoint is asked once`() async throws {
        try await serving { api, exporter in
            for _ in 0..<3 {
                let status = try await exporter.ask().status
                #expect(status == 200 && api.takeCalls() == Lab.all)
            }
        }
    }

    /// The calls that go away with a collector, and a family that does.
    @Test(
        arguments: [
            ("status", [], "pve_up"), ("version", ["/version"], "pve_version_info"), ("node", [], "pve_node_info"),
            ("cluster", [], "pve_cluster_info"),
            ("resources", [], "pve_memory_usage_bytes"), ("backup_info", ["/cluster/backup-info/not-backed-up"], "pve_not_backed_up_total"),
            ("qdevice", ["/cluster/config/qdevice"], "pve_qdevice_up"),
            (
                "config", ["/nodes/pve1/lxc", "/nodes/pve1/lxc/200/config", "/nodes/pve1/qemu", "/nodes/pve1/qemu/100/config"],
                "pve_onboot_status"
            ), ("replication", ["/nodes/pve1/replication"], "pve_replication_info"),
            ("subscription", ["/nodes/pve1/subscription"], "pve_subscription_info"),
        ])
    func `a collector that is off asks nothing`(key: String, missing: [String], family: String) async throws {
        var settings = DropInSettings()
        let entry = try #require(DropInCollectors.all.first { $0.key == key })
        settings.collectors[keyPath: entry.path] = false
        var answers = Lab.answers
        answers["/nodes/pve1/replication"] = .data(
            #"[{"id":"100-0","type":"local","source":"pve1","target":"pve2","vmtype":"qemu","guest":100}]"#)
        let whole = answers
        try await serving(whole, settings) { api, exporter in
            let exposition = try await exporter.ask().exposition
            #expect(exposition.faults == [] && exposition.types[family] == nil)
            #expect(api.takeCalls() == Lab.all.filter { !missing.contains($0) })
        }
        try await serving(whole) { _, exporter in
            let types = try await exporter.ask().exposition.types
            #expect(types[family] != nil)
        }
    }

    @Test func `all collectors off ask nothing at all`() async throws {
        var settings = DropInSettings()
        for entry in DropInCollectors.all { settings.collectors[keyPath: entry.path] = false }
        try await serving(Lab.answers, settings) { api, exporter in
            let answer = try await exporter.ask()
            #expect(answer.status == 200 && answer.text == "" && api.takeCalls() == [])
        }
        // Either of these two needs the resources.
        settings.collectors.status = true
        try await serving(Lab.answers, settings) { api, exporter in
            let exposition = try await exporter.ask().exposition
            #expect(api.takeCalls() == ["/cluster/resources", "/cluster/status"] && exposition.types.keys.sorted() == ["pve_up"])
        }
    }

    // MARK: what is sent back

    @Test(arguments: [
        "", "*/*", "text/plain", "text/html", "application/openmetrics-text;version=1.0.0",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.5",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    ])
    func `always text of the same version`(accept: String) async throws {
        try await serving { _, exporter in
            let answer = try await exporter.ask("", accept.isEmpty ? [] : [("Accept", accept)])
            #expect(answer.status == 200)
            #expect(answer.response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.exposition["pve_up{id=\"qemu/100\"}"] == 1 && !answer.text.contains("# EOF"))
        }
    }

    @Test(
        arguments: [
            ("gzip", true), ("gzip, deflate, br", true), ("deflate;q=0.5, gzip;q=1.0", true), ("identity", false), ("", false),
            ("gzip;q=0", false),
            ("br", false),
        ])
    func `compressed for who takes it`(accept: String, isCompressed: Bool) async throws {
        try await serving { _, exporter in
            let answer = try await exporter.ask("", accept.isEmpty ? [] : [("Accept-Encoding", accept)])
            #expect(answer.status == 200)
            #expect((answer.response.headers["Content-Encoding"] == "gzip") == isCompressed)
            #expect(answer.response.body.starts(with: [0x1F, 0x8B]) == isCompressed)
            #expect(answer.response.headers["Vary"] == "Accept-Encoding")
            if !isCompressed { #expect(answer.exposition.faults == [] && answer.exposition.samples.count > 20) }
        }
    }

    @Test func `an error is never compressed and is plain text`() async throws {
        try await serving { api, exporter in
            api.everything = .refusal(500, "broken")
            for (query, status) in [("", 500), ("module=none", 400), ("target=evil", 403)] {
                let answer = try await exporter.ask(query, [("Accept-Encoding", "gzip")])
                #expect(answer.status == status && answer.response.headers["Content-Encoding"] == nil)
                #expect(answer.response.headers["Content-Type"] == "text/plain; charset=utf-8")
                #expect(answer.text.hasSuffix("\n") && answer.text.utf8.count { $0 == 0x0A } == 1)
            }
        }
    }

    // MARK: time

    @Test func `the scraper's patience is kept`() async throws {
        let paths = [
            "/cluster/resources", "/version", "/nodes/pve1/subscription", "/nodes/pve1/qemu/100/config", "/cluster/config/qdevice",
        ]
        try await beside(paths) { path in
            try await serving { api, exporter in
                api[path] = .hang
                let begin = ContinuousClock.now
                let answer = try await exporter.ask("", [("X-Prometheus-Scrape-Timeout-Seconds", "1.6")])
                let seconds = (ContinuousClock.now - begin).seconds
                #expect(answer.status == 500, "\(path)")
                #expect(answer.text.hasPrefix("\(api.authority): GET /") && answer.text.hasSuffix("\n"), "\(path)")
                #expect(seconds > 1 && seconds < 15, "\(path): of 30 that the setting gives")
            }
        }
    }

    @Test func `a patience that is none leaves the setting's`() async throws {
        try await beside(["x", "", "-1", "0", "nan", "inf", "1e400", "1000000", "0x1p9"]) { header in
            try await serving(timeoutSeconds: 0.6) { api, exporter in
                api["/version"] = .hang
                let begin = ContinuousClock.now
                let answer = try await exporter.ask("", [("X-Prometheus-Scrape-Timeout-Seconds", header)])
                #expect(answer.status == 500, "\(header)")
                let seconds = (ContinuousClock.now - begin).seconds
                #expect(seconds > 0.3 && seconds < 15, "\(header)")
            }
        }
    }

    /// All cases beside each other, as each waits for as long.
    private func beside(_ cases: [String], _ body: @escaping @Sendable (String) async throws -> Void) async throws {
        try await withThrowingTaskGroup { group in
            for one in cases { group.addTask { try await body(one) } }
            try await group.waitForAll()
        }
    }

    // MARK: modules, which speak TLS

    @Test func `a module asks with its own token, whom its fingerprint names`() async throws {
        let certificate = try SelfSignedCertificate(commonName: "pve1", names: ["pve1"])
        let other = try SelfSignedCertificate(commonName: "pve1", names: ["127.0.0.1"])
        let api = try FakeAPI(certificate: certificate)
        var settings = DropInSettings()
        settings.allowedTargets = try allowed(["127.0.0.1:*"])
        func module(_ token: String, _ trust: HTTPRequest.Trust, timeoutSeconds: Double? = nil) throws -> DropInModule {
            var module = DropInModule(credential: try ProxmoxCredential.token(parsing: token))
            module.trust = trust
            module.timeoutSeconds = timeoutSeconds
            return module
        }
        let right = HTTPRequest.Trust.fingerprints([try #require(CertificateFingerprint(certificatePEM: certificate.certificatePEM))])
        let wrong = HTTPRequest.Trust.fingerprints([try #require(CertificateFingerprint(certificatePEM: other.certificatePEM))])
        settings.modules["default"] = try module(FakeAPI.token, right)
        settings.modules["wrong"] = try module(FakeAPI.token, wrong)
        settings.modules["system"] = try module(FakeAPI.token, .system)
        settings.modules["bad"] = try module("monitor@pve!exporter=hunter2-wrong", right)
        settings.modules["hasty"] = try module(FakeAPI.token, right, timeoutSeconds: 0.3)
        let exporter = try Exporter(settings, clusters: [])
        let target = "target=\(api.authority)"
        #expect(try await exporter.ask(target).exposition["pve_up{id=\"node/pve1\"}"] == 1)
        #expect(api.takeCalls() == Lab.all)
        for module in ["wrong", "system"] {
            let answer = try await exporter.ask("\(target)&module=\(module)")
            #expect(answer.status == 500 && answer.text.hasPrefix("\(api.authority): GET /") && answer.text.contains("fingerprint"))
        }
        #expect(api.takeCalls() == [], "nobody who is not believed sees a credential")
        let refused = try await exporter.ask("\(target)&module=bad")
        #expect(refused.status == 500 && refused.text.contains(": 401 no such token; "))
        // Longest wait for one call, however long the scrape may take.
        api["/cluster/resources"] = .hang
        let begin = ContinuousClock.now
        #expect(try await exporter.ask("\(target)&module=hasty").status == 500)
        #expect((ContinuousClock.now - begin).seconds < 15)
        #expect(!exporter.log.contains("hunter2"))
        await exporter.stop()
        await api.stop()
    }

    @Test func `a proxy's password stands in no answer`() async throws {
        let nobody = try SilentListener().address
        var settings = try settings(modules: ["default"], allowed: ["127.0.0.1:*"])
        for proxy in [
            "http://user:hunter2@\(nobody)", "nonsense://user:hunter2@\(nobody)", "http://user:hunter2@", "http://user:hunter2@[::1",
        ] {
            settings.modules["default"]?.proxy = proxy
            let exporter = try Exporter(settings, clusters: [])
            let answer = try await exporter.ask("target=127.0.0.1:1")
            #expect(answer.status == 500 && !answer.text.contains("hunter2"), "\(answer.text)")
            #expect(!exporter.log.contains("hunter2"))
            await exporter.stop()
        }
    }

    // MARK: what is said at the start

    @Test func `a setting that answers nobody, or everybody, is told`() async throws {
        for (entries, clusters, words) in [
            ([], [], "/pve answers no target yet"), (["*"], [], "--pve.allowed-targets=*"), (["pve1"], [], ""), ([], ["lab"], ""),
        ] {
            let exporter = try Exporter(
                try settings(modules: ["default"], allowed: entries), clusters: try clusters.map { try cluster($0, "pve1") })
            #expect(words.isEmpty ? !exporter.log.contains("level=warn") : exporter.log.contains(words))
            await exporter.stop()
        }
        let idle = try Exporter(try settings(modules: [], allowed: ["pve1"]), clusters: [])
        #expect(idle.log.contains("--pve.allowed-targets has no effect without credentials"))
        await idle.stop()
        let plain = try Exporter(clusters: [])
        #expect(plain.log.isEmpty)
        await plain.stop()
    }
}
