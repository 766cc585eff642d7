import Primitives
import Testing
import Web

@testable import Stack

@Suite struct ManagerTests {
    @Test func examplesOfEachProviderNameItsSocket() throws {
        let examples = manager().examples
        #expect(
            examples.map(\.name) == [
                "libvirt-1-provider.yaml", "simulated-1-provider.yaml", "simulated-2-catalogue.yaml", "simulated-3-machines.yaml",
            ])
        for kind in ["libvirt", "simulated"] {
            let text = try #require(examples.first { $0.name == "\(kind)-1-provider.yaml" }).text
            #expect(text.contains("endpoint: unix:///state/providers/\(kind).sock\n"))
        }
        var alone = manager()
        alone.providers.removeFirst()
        #expect(alone.examples.map(\.name) == ["libvirt-1-provider.yaml"])
    }

    @Test func targetsAreTheManagerAndItsProviders() throws {
        var plan = shippedPlan()
        let without = StackFiles(plan).files.map(\.path)
        plan.manager = manager()
        let files = StackFiles(plan).files.filter { !without.contains($0.path) }
        #expect(
            files.map(\.path) == ["prometheus/targets/virtrigaud-manager/local.yml", "prometheus/targets/virtrigaud-provider/local.yml"])
        #expect(files[0].text.hasSuffix("- targets:\n    - \"127.0.0.1:8080\"\n  labels:\n    node: \"desk\"\n"))
        #expect(files[1].text.contains("127.0.0.1:8072") && files[1].text.contains("127.0.0.1:8071"))
    }
}

extension ProcessTests {
    @Suite struct ManagersFolderTests {
        private let folder: TemporaryDirectory
        private let state: String

        init() throws {
            folder = try TemporaryDirectory()
            state = folder.file("state")
            for name in ["prometheus", "prometheus-alertmanager", "prometheus-node-exporter", "martlet", "martlet-manager"] {
                try folder.write("#!/bin/sh\nexec /bin/sleep 60\n", to: name, mode: 0o755)
            }
        }

        private func prepare(_ change: (inout StackPlan.Manager) -> Void = { _ in }) throws {
            var plan = try freePlan(folder)
            let places = try freePlaces(["metrics", "api", "simulated", "libvirt"])
            var manager = StackPlan.Manager(
                program: folder.file("martlet-manager"), metrics: places[0], api: places[1], manifests: nil,
                providers: [
                    .init(kind: "simulated", metrics: places[2], stateDirectory: state),
                    .init(kind: "libvirt", metrics: places[3], stateDirectory: state),
                ])
            change(&manager)
            plan.manager = manager
            _ = try Preparation(plan: plan, logger: .silent).run()
        }

        @Test func aFolderThatIsMadeGetsExamplesAndAPersonsStays() throws {
            try prepare()
            #expect(try Directory.names("\(state)/manifests").sorted() == manager().examples.map(\.name))
            // What a person did to it is not undone.
            Files.remove("\(state)/manifests/simulated-3-machines.yaml")
            try folder.write("# mine\n", to: "state/manifests/mine.yaml")
            try prepare()
            #expect(
                try Directory.names("\(state)/manifests").sorted() == [
                    "libvirt-1-provider.yaml", "mine.yaml", "simulated-1-provider.yaml", "simulated-2-catalogue.yaml",
                ])
        }

        @Test func whatIsMissingIsSaidBeforeAnythingStarts() throws {
            let nowhere = folder.file("nowhere")
            #expect(failure { try prepare { $0.program = nowhere } }?.contains("make build") == true)
            #expect(failure { try prepare { $0.manifests = nowhere } }?.contains(nowhere) == true)
            #expect(!Files.exists(nowhere) && !Files.exists("\(state)/manifests"))
        }
    }
}
