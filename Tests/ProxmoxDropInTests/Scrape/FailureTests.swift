import CollectorConformance
import Primitives
import ProxmoxAPI
import Synchronization
import TestSupport
import Testing
import Web

@testable import ProxmoxDropIn

/// What is there is complete: a call that fails fails the whole, and says why.
@Suite struct FailureTests {
    private static let paths = Lab.all.filter { $0 != "/cluster/config/qdevice" }

    @Test(arguments: paths)
    func `an endpoint that fails is named with its reason`(path: String) async throws {
        try await serving { api, exporter in
            for (answer, reason) in [
                (.refusal(500, "got timeout"), "500 got timeout"),
                (.refusal(403, "Permission check failed (/, Sys.Audit)"), "403 Permission check failed (/, Sys.Audit)"),
                (.refusal(595, "No route to host"), "595 No route to host"), (.refusal(401, "permission denied"), "401 permission denied"),
                (nil, "501 no such path"),
                (.body(Array("<html>".utf8)), "a page in HTML, not JSON"), (.body(Array("html".utf8)), "not JSON"),
                (.data("null"), "JSON without the data that this path promises"),
                (.data("7"), "JSON without the data that this path promises"),
                (.body(Array("[]".utf8)), "JSON without the data that this path promises"),
                (.drop, ""),
            ] as [(FakeAPI.Answer?, String)] {
                api[path] = answer
                let found = try await exporter.ask()
                #expect(found.status == 500, "\(path) \(reason)")
                #expect(found.text.hasPrefix("\(api.authority): GET \(path): \(reason)"), "\(found.text)")
                #expect(found.text.hasSuffix("\n") && !found.text.contains("hunter2"))
            }
            // And it is as if nothing had been.
            api[path] = Lab.answers[path]
            #expect(try await exporter.ask().status == 200)
        }
    }

    @Test func `no quorum device is no failure`() async throws {
        try await serving { api, exporter in
            for answer in [
                .refusal(500, "no device"), .refusal(403, "no"), .refusal(401, "no"), .refusal(595, "no"), nil, .data("null"), .data("{}"),
                .data("[]"),
            ]
                as [FakeAPI.Answer?]
            {
                api["/cluster/config/qdevice"] = answer
                let found = try await exporter.ask()
                #expect(found.status == 200)
                #expect(found.exposition.types["pve_qdevice_up"] == nil && found.exposition.types["pve_qdevice_info"] == nil)
            }
            for answer in [.data("[7]"), .data("7"), .drop, .body(Array("{".utf8))] as [FakeAPI.Answer] {
                api["/cluster/config/qdevice"] = answer
                #expect(try await exporter.ask().status == 500)
            }
        }
    }

    @Test(arguments: [
        "[]", #"[{"type":"other","name":"x"}]"#, #"[{"type":null}]"#, "{}", "[7]",
    ])
    func `a status that cannot be true`(status: String) async throws {
        try await serving { api, exporter in
            api["/cluster/status"] = .data(status)
            let answer = try await exporter.ask()
            #expect(
                answer.status == 500
                    && answer.text == "\(api.authority): GET /cluster/status: JSON without the data that this path promises\n")
        }
    }

    @Test func `nobody says which node was asked`() async throws {
        try await serving { api, exporter in
            for row in [
                #"{"type":"node","name":"pve1","online":1}"#, #"{"type":"node","name":"pve1","local":0}"#,
                #"{"type":"node","name":"pve1","local":null}"#,
                #"{"type":"node","name":"","local":1}"#, #"{"type":"node","local":1}"#,
                #"{"type":"node","name":"\#(String(repeating: "n", count: 70_000))","local":1}"#,
            ] {
                api["/cluster/status"] = .data("[\(Lab.cluster),\(row)]")
                let answer = try await exporter.ask()
                #expect(answer.status == 500 && answer.text == "\(api.authority): GET /cluster/status: no row says which node was asked\n")
                #expect(api.takeCalls().allSatisfy { !$0.hasPrefix("/nodes/") })
                // Who asks for nothing of nodes is not told of it.
                #expect(try await exporter.ask("node=0").status == 200)
                _ = api.takeCalls()
            }
        }
    }

    @Test func `nobody at home`() async throws {
        let api = try FakeAPI()
        let exporter = try Exporter(clusters: [try api.cluster()])
        let authority = api.authority
        await api.stop()
        let answer = try await exporter.ask()
        #expect(answer.status == 500 && answer.text.hasPrefix("\(authority): GET /"))
        await exporter.stop()
    }

    @Test func `of several endpoints the one that failed is named, and no other`() async throws {
        let api = try FakeAPI()
        let nobody = try FakeAPI()
        let dead = nobody.authority
        let endpoints = [try ProxmoxEndpoint(address: nobody.url, trust: .system), try ProxmoxEndpoint(address: api.url, trust: .system)]
        await nobody.stop()
        let exporter = try Exporter(clusters: [
            DropInCluster(name: "lab", endpoints: endpoints, credential: try ProxmoxCredential.token(parsing: FakeAPI.token))
        ])
        #expect(try await exporter.ask("target=lab").status == 200)
        api["/version"] = .refusal(403, "no")
        let answer = try await exporter.ask("target=lab")
        #expect(answer.status == 500 && answer.text.hasPrefix("\(api.authority): GET /version: 403 no; give the role "))
        // One node by its address is that node.
        #expect(try await exporter.ask("target=\(dead)").text.hasPrefix("\(dead): GET /"))
        await exporter.stop()
        await api.stop()
    }

    @Test func `a token that is refused is tried by one call from then on`() async throws {
        let api = try FakeAPI()
        let exporter = try Exporter(clusters: [try api.cluster(token: "monitor@pve!exporter=hunter2-wrong")])
        let first = try await exporter.ask()
        #expect(first.status == 500 && first.text.contains(": 401 no such token; check the token's name and secret"))
        #expect(api.takeCalls().count <= 4)
        for _ in 0..<3 {
            #expect(try await exporter.ask().text.hasPrefix("\(api.authority): GET /version: 401 no such token; "))
            #expect(api.takeCalls() == ["/version"])
        }
        await exporter.stop()
        await api.stop()
    }

    @Test func `an answer that repeats the credential does not pass it on`() async throws {
        try await serving { api, exporter in
            for text in [
                "PVEAPIToken=\(FakeAPI.token)", "token hunter2-hunter2 is bad", "hunter2-hunter2hunter2-hunter2",
                "Authorization: PVEAPIToken=\(FakeAPI.token.replacing("=", with: "%3D"))",
            ] {
                api["/version"] = .refusal(500, text)
                let answer = try await exporter.ask()
                #expect(answer.status == 500 && !answer.text.contains("hunter2-hunter2"), "\(answer.text)")
            }
            #expect(!exporter.log.contains("hunter2-hunter2") && exporter.log.contains("/pve fails"))
        }
    }

    @Test(arguments: ["two\\nlines\\r\\n# TYPE x counter", "\\u001b[31mred", "\\u2028\\u202e", String(repeating: "x", count: 60_000)])
    func `what the API says stays one line`(text: String) async throws {
        try await serving { api, exporter in
            api["/version"] = .refusal(500, text)
            let answer = try await exporter.ask()
            #expect(answer.status == 500 && answer.text.utf8.count < 1000)
            #expect(
                answer.text.unicodeScalars.count {
                    [.control, .lineSeparator, .paragraphSeparator, .format].contains($0.properties.generalCategory)
                } == 1)
            #expect(exporter.log.utf8.count { $0 == 0x0A } == 1)
        }
    }

    @Test func `at most three calls are in flight, whatever they are about`() async throws {
        let turnstile = Turnstile()
        var answers = Lab.answers
        answers["/nodes/pve1/qemu"] = .data("[" + (100..<140).map { "{\"vmid\":\($0)}" }.joined(separator: ",") + "]")
        for vmid in 100..<140 { answers["/nodes/pve1/qemu/\(vmid)/config"] = .held(turnstile, #"{"onboot":1}"#) }
        for path in ["/cluster/resources", "/version", "/cluster/backup-info/not-backed-up"] {
            guard case .data(let text) = answers[path] else { continue }
            answers[path] = .held(turnstile, text)
        }
        try await serving(answers) { api, exporter in
            async let first = exporter.ask()
            async let second = exporter.ask()
            // Two scrapes at once share the three workers of the node that is asked.
            await turnstile.arrivals(3)
            turnstile.open()
            let (one, other) = try await (first, second)
            #expect(one.status == 200 && other.status == 200)
            #expect(one.exposition.family("pve_onboot_status").count == 40)
            #expect(api.takeCalls().count == 2 * (Lab.all.count + 39))
        }
        #expect(turnstile.most == ["": 3])
        #expect(turnstile.total == 2 * 43)
    }

    @Test func `of many requests for a target four are answered at a time, and no one waits longer than it has time`() async throws {
        let turnstile = Turnstile()
        var answers = Lab.answers
        answers["/version"] = .held(turnstile, #"{"version":"9"}"#)
        try await serving(answers) { _, exporter in
            await withTaskGroup(of: Int?.self) { group in
                for _ in 0..<4 { group.addTask { try? await exporter.ask("node=0").status } }
                await turnstile.arrivals(3)
                let late = try? await exporter.ask("node=0", [("X-Prometheus-Scrape-Timeout-Seconds", "0.8")])
                #expect(late?.status == 500)
                turnstile.open()
                for await status in group { #expect(status == 200) }
            }
        }
    }
}
