import CollectorConformance
import Testing

@Suite struct CertificateSourceTests {
    private static let path = "/nodes/pve1/certificates/info"

    @Test func `of two certificates the one that is served`() async throws {
        let rows = #"""
            [{"filename":"pve-root-ca.pem","notafter":1},{"filename":"pve-ssl.pem","notafter":2,"subject":"no"},
            {"filename":"pveproxy-ssl.pem","notafter":4000000000,"subject":"/CN=pve1","issuer":"/CN=CA","fingerprint":"AA:BB"}]
            """#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("certificates", fake) { slow in
                let trial = try await slow.scrape(until: "pve_certificate_info")
                #expect(trial.problems == [])
                #expect(
                    trial.lines("pve_certificate_not", "pve_certificate_info") == [
                        "pve_certificate_not_after_timestamp_seconds{N} 4000000000",
                        #"pve_certificate_info{N,filename="pveproxy-ssl.pem",subject="/CN=pve1",issuer="/CN=CA",fingerprint="AA:BB"} 1"#,
                    ])
                let left = try #require(
                    trial.exposition.family("pve_certificate_expiry_seconds").first?.value)
                try await Task.sleep(for: .milliseconds(300))
                // It runs on between two calls.
                let later = try #require(
                    try await slow.scrape().exposition.family("pve_certificate_expiry_seconds").first?.value)
                #expect(left > 1e9 && left < 4e9 && (0.3...30).contains(left - later))
            }
        }
    }

    @Test func `the cluster's own, and nothing in it`() async throws {
        for (rows, lines) in [
            (
                #"[{"filename":"pve-ssl.pem","notafter":100}]"#,
                [
                    "pve_certificate_not_after_timestamp_seconds{N} 100",
                    #"pve_certificate_info{N,filename="pve-ssl.pem",subject="",issuer="",fingerprint=""} 1"#,
                ]
            ),
            (
                #"[{"filename":"pve-ssl.pem","notafter":null,"subject":[]},null]"#,
                [#"pve_certificate_info{N,filename="pve-ssl.pem",subject="",issuer="",fingerprint=""} 1"#]
            ),
        ] {
            try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
                try await SlowScrapes.run("certificates", fake) { slow in
                    let trial = try await slow.scrape(until: "pve_certificate_info")
                    #expect(trial.lines("pve_certificate_not", "pve_certificate_info") == lines)
                    #expect(
                        trial.exposition.family("pve_certificate_expiry_seconds").allSatisfy { $0.value < 0 })
                }
            }
        }
    }

    @Test func `neither is no answer`() async throws {
        try await FakeProxmox.serve(
            Lab.alone([Self.path: #"[{"filename":"pve-root-ca.pem","notafter":5}]"#])
        ) { fake in
            try await SlowScrapes.run("certificates", fake) { slow in
                let trial = try await slow.scrape { !$0.problems.isEmpty }
                #expect(trial.reasons == ["lab/pve1/certificates: malformed"] && trial.slowLines == [])
            }
        }
    }

    @Test func `hostile rows`() async throws {
        let long = String(repeating: "n", count: 5_000_000)
        let rows =
            #"[{"filename":"pve-ssl.pem","notafter":1e308,"subject":"\#(long)","issuer":"x\"} 1\n","fingerprint":5},[]]"#
        try await FakeProxmox.serve(Lab.alone([Self.path: rows])) { fake in
            try await SlowScrapes.run("certificates", fake) { slow in
                let trial = try await slow.scrape(until: "pve_certificate_info")
                let info = try #require(trial.exposition.family("pve_certificate_info").first)
                #expect(
                    info.label("subject")?.utf8.count == 8192 && info.label("issuer") == "x\"} 1\n"
                        && info.label("fingerprint") == "5")
                // No calendar has such a day.
                #expect(trial.exposition.family("pve_certificate_expiry_seconds").isEmpty)
            }
        }
    }
}
