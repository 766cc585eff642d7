import CollectorConformance
import Metrics
import Primitives
import Settings
import Testing
import Web

@testable import Exporting

@Suite struct CollectorChoiceTests {
    /// One of a host, where it is found.
    private struct HostDefinition: CollectorDefinition {
        static let name = "host"
        static let help = "Of a host."
        static let flagHelp = "Collect of a host"
        static let enabledHelp = "Whether it is; auto does where it is found."
        static let keys = [
            SettingsKey("found", .flag, "Whether it is found.", standard: "false"),
            SettingsKey("limit", .integer(1...10), "A number.", standard: "5"),
        ]
        static let roles: Set<ExporterRole> = [.host]
        static let containerLabels = ["host.label"]
        static var catalogue: Catalogue { StubCollector(name).catalogue }

        let isFound: Bool
        let surroundings: CollectorSurroundings

        init(_ surroundings: CollectorSurroundings) throws(Failure) {
            let section = surroundings.settings[Self.name]
            if section["limit"].integer == 7 { throw section["limit"].failure("limit: 7 is unlucky") }
            isFound = section["found"].flag ?? false
            self.surroundings = surroundings
        }

        /// What others have kept while they were made is there by now.
        func install() -> CollectorInstallation {
            let labels: [String]? = surroundings.things.kept()
            return CollectorInstallation(StubCollector(labels == nil ? "alone" : Self.name))
        }
    }

    /// One that follows the other, has a page, and is no reason to serve.
    private struct FollowerDefinition: CollectorDefinition {
        static let name = "follower"
        static let help = "Follows."
        static let flagHelp = "Collect what follows"
        static let enabledHelp = "Whether it is; auto does where the other is."
        static let roles: Set<ExporterRole> = []
        static var catalogue: Catalogue { StubCollector(name).catalogue }

        init(_ surroundings: CollectorSurroundings) throws(Failure) {
            _ = surroundings.things.keep { (_: [String]?) in surroundings.containerLabels }
        }

        var isFound: Bool { true }
        var isReasonToServe: Bool { false }

        func isWanted(by role: ExporterRole, beside others: Set<String>) -> Bool { role == .gpu || others.contains("host") }

        func install() -> CollectorInstallation {
            let page = ExporterContents.Page("/follower", title: "follows", requestsInFlight: 1) { _ in
                HTTPServerResponse(status: 200, text: "")
            }
            return CollectorInstallation(StubCollector(Self.name), pages: [page])
        }
    }

    private static let list: [any CollectorDefinition.Type] = [HostDefinition.self, FollowerDefinition.self]

    private static func choice(
        _ role: ExporterRole, _ environment: [String: String] = [:], things: KeptThings = KeptThings()
    ) throws -> CollectorChoice {
        let variables = Dictionary(uniqueKeysWithValues: environment.map { ("MARTLET_\($0.key)", $0.value) })
        let tree = try SettingsTree(
            file: nil, environment: variables, flags: [], shape: .section(list.map { $0.section }))
        let context = LogLines().context(http: try HTTPClient())
        return try CollectorChoice(list, CollectorSurroundings(settings: tree, role: role, context: context, things: things))
    }

    @Test(
        arguments: [
            (ExporterRole.auto, [:], [], false),
            (.auto, ["HOST__FOUND": "true"], ["host", "follower"], true),
            (.auto, ["HOST__FOUND": "true", "HOST__ENABLED": "false"], [], false),
            (.host, [:], ["host", "follower"], true),
            (.host, ["HOST__ENABLED": "false"], [], false),
            (.central, ["HOST__FOUND": "true"], [], false),
            (.central, ["HOST__ENABLED": "true"], ["host", "follower"], true),
            (.gpu, [:], ["follower"], false),
            (.gpu, ["FOLLOWER__ENABLED": "false"], [], false),
            (.central, ["FOLLOWER__ENABLED": "true"], ["follower"], true),
            (.auto, ["FOLLOWER__ENABLED": "auto", "HOST__ENABLED": "auto"], [], false),
        ] as [(ExporterRole, [String: String], [String], Bool)])
    func `settings go before the role, the role before what is found`(
        role: ExporterRole, environment: [String: String], names: [String], isReason: Bool
    ) throws {
        let choice = try Self.choice(role, environment)
        #expect(choice.collectors.map(\.name) == names)
        #expect(choice.isReasonToServe == isReason)
        // Pages are there for as long as the service runs, whatever a reload switches on.
        #expect(choice.pages.map(\.path) == ["/follower"])
    }

    @Test func `settings are read of what is off too`() {
        let wrong = ["HOST__ENABLED": "false", "HOST__LIMIT": "7"]
        #expect { try Self.choice(.auto, wrong) } throws: { "\($0)".contains("MARTLET_HOST__LIMIT") && "\($0)".contains("unlucky") }
        #expect { try Self.choice(.auto, ["HOST__ENABLED": "perhaps"]) } throws: { "\($0)".contains("one of auto, true, false") }
    }

    @Test func `labels of containers are those that all look at`() throws {
        let things = KeptThings()
        _ = try Self.choice(.host, things: things)
        #expect(things.kept([String].self) == ["host.label"])
    }

    @Test func `things are kept by type, and replaced by who says so`() {
        let things = KeptThings()
        #expect(things.kept(Int.self) == nil)
        #expect(things.keep { $0 ?? 1 } == 1)
        #expect(things.keep { $0 ?? 2 } == 1)
        #expect(things.keep { (known: Int?) in (known ?? 0) + 10 } == 11)
        #expect(things.keep { (known: String?) in known ?? "word" } == "word")
        #expect(things.kept() == 11 && things.kept() == "word")
    }

    @Test func `a section has its switch first`() {
        guard case .section(let keys) = HostDefinition.section.shape else { return #expect(Bool(false), "no section") }
        #expect(keys.map(\.name) == ["enabled", "found", "limit"])
        #expect(keys.first?.standard == "auto" && keys.first?.help == HostDefinition.enabledHelp)
    }
}
