package import Exporting
package import Metrics
import Ownership
package import Primitives
package import Settings

/// LLM servers, as the program knows them.
package struct LLMDefinition: CollectorDefinition {
    package static let name = "llm"
    package static let help = "LLM servers: " + ServerKinds.all.map { $0.title }.joined(separator: ", ") + "."
    package static let flagHelp = "Collect LLM servers"
    package static let enabledHelp =
        "Whether LLM servers are asked; auto does where servers or ports are named, and where containers are read and their engine may tell of some."
    package static let keys = LLMSettings.keys
    package static let roles: Set<ExporterRole> = []
    package static var catalogue: Catalogue { LLMCollector(LLMSettings()).catalogue }
    package static let containerLabels = ContainerServers.labels

    private let settings: LLMSettings
    private let surroundings: CollectorSurroundings

    package init(_ surroundings: CollectorSurroundings) throws(Failure) {
        settings = try LLMSettings(surroundings.settings[Self.name])
        self.surroundings = surroundings
    }

    /// Whether servers or ports are named.
    package var isFound: Bool { !settings.servers.isEmpty || !settings.ports.isEmpty }

    private var engine: ContainerEngine? { surroundings.things.kept() }

    /// Named ones are asked in whatever role; others may be found in containers, where a host's are read.
    package func isWanted(by role: ExporterRole, beside others: Set<String>) -> Bool {
        isFound || role != .central && settings.looksAtContainers && others.contains("containers") && engine?.isThere == true
    }

    package var isReasonToServe: Bool { isFound }

    package func install() throws(Failure) -> CollectorInstallation {
        let collector = LLMCollector(settings, engine: engine)
        let page = ExporterContents.Page(
            "/probe", title: "/probe?module=llm&target=SERVER, one LLM server alone", requestsInFlight: 20,
            handler: try collector.page(surroundings.context))
        return CollectorInstallation(collector, pages: [page])
    }
}
