import Glibc
import Primitives
import Testing
import Web

@testable import Stack

extension ProcessTests {
    /// The stack with stand-ins for its programs.
    @Suite struct StackTests {
        private let folder: TemporaryDirectory
        private var state: String { folder.file("state") }

        init() throws {
            folder = try TemporaryDirectory()
            for name in ["prometheus", "prometheus-alertmanager", "prometheus-node-exporter", "martlet"] {
                try folder.write("#!/bin/sh\necho \"$@\"\nexec /bin/sleep 60\n", to: name, mode: 0o755)
            }
        }

        private func plan() throws -> StackPlan { try freePlan(folder) }

        @Test func fromPreparationToTheEnd() async throws {
            let plan = try plan()
            let stack = Stack(plan: plan, logger: .silent)
            try await stack.prepare()
            #expect(folder.lines(of: "state/version") == ["1"])
            #expect(folder.lines(of: "state/prometheus/targets/node/local.yml").contains("    - \"\(plan.nodeExporter.address)\""))
            #expect(Files.exists("\(state)/prometheus/rules/alerts-host.yml"))
            try await stack.start()
            let names = ["alertmanager", "node-exporter", "prometheus", "simulated-webhook"]
            #expect(try Directory.names("\(state)/run").sorted() == names.map { "\($0).pid" })
            #expect(
                await eventually {
                    folder.lines(of: "state/log/simulated-webhook.log") == ["simulate webhook --listen \(plan.webhook.address)"]
                })

            let states = await stack.waitUntilReady(withinSeconds: 0.6)
            #expect(states.map(\.name) == ["exporter", "discovery", "prometheus", "alertmanager", "node-exporter", "simulated-webhook"])
            #expect(states.allSatisfy { !$0.isReady && $0.processID != nil && $0.state.hasPrefix("not ready: ") })
            #expect(states.last?.state.hasSuffix("; its log is \(state)/log/simulated-webhook.log") == true)

            await #expect {
                try await Stack(plan: plan, logger: .silent).prepare()
            } throws: {
                "\($0)" == "\(state) is in use by another martlet, process \(getpid()); stop that one or choose another --state-dir"
            }

            await stack.stop(withinSeconds: 10)
            await stack.stop(withinSeconds: 10)
            #expect(try Directory.names("\(state)/run").isEmpty)
            #expect(states.compactMap(\.processID).filter { $0 != getpid() }.allSatisfy { ProcessIdentity.current($0) == nil })

            let second = Stack(plan: plan, logger: .silent)
            try await second.prepare()
            await second.stop(withinSeconds: 1)
        }

        @Test func aFailedPreparationLeavesNothingLockedAndMayBeRepeated() async throws {
            let plan = try plan()
            let descriptor = try plan.prometheus.address.listen(origin: "test")
            let stack = Stack(plan: plan, logger: .silent)
            await #expect {
                try await stack.prepare()
            } throws: {
                "\($0)".hasPrefix("port \(plan.prometheus.address.port) on 127.0.0.1 is in use")
            }
            #expect(!Files.exists("\(state)/prometheus/prometheus.yml"))
            close(descriptor)
            try await stack.prepare()
            await stack.stop(withinSeconds: 1)
            await #expect(throws: Failure.self) { try await stack.start() }
        }

        @Test func whatAPersonGivesIsReadBeforeAnythingIsWritten() async throws {
            var plan = try plan()
            plan.rulesDirectory = folder.file("rules")
            await #expect {
                try await Stack(plan: plan, logger: .silent).prepare()
            } throws: {
                "\($0)" == "cannot read directory \(folder.file("rules")): No such file or directory"
            }
            try Files.makeDirectory(folder.file("rules"))
            await #expect {
                try await Stack(plan: plan, logger: .silent).prepare()
            } throws: {
                "\($0)" == "the rules directory \(folder.file("rules")) holds no file that ends in .yml"
            }
            #expect(!Files.exists(state))
        }

        @Test func aCheckersRefusalIsOneLine() async throws {
            try folder.write("#!/bin/sh\necho Checking; echo '  FAILED: no good' >&2; exit 1\n", to: "promtool", mode: 0o755)
            let plan = try plan()
            await #expect {
                try await Stack(plan: plan, logger: .silent).prepare()
            } throws: {
                "\($0)" == "promtool refuses \(state)/prometheus/prometheus.yml: no good"
            }
        }

        @Test func stoppingDuringTheStartEndsWhatWasStarted() async throws {
            let stack = Stack(plan: try plan(), logger: .silent)
            try await stack.prepare()
            async let start: Void = stack.start()
            await stack.stop(withinSeconds: 10)
            // Which of the two came first is open; what matters is that nothing is left.
            _ = try? await start
            await stack.stop(withinSeconds: 10)
            #expect(try Directory.names("\(state)/run").isEmpty)
        }
    }
}
