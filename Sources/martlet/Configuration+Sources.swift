import Exporting
import LLMCollector
import Primitives
import Settings

extension Configuration {
    /// Whether the settings name something to watch that is no cluster. What a machine merely has, such as pools and containers, names nothing.
    func namesOtherSources() throws(Failure) -> Bool {
        let isAskedFor = Collectors.registered.contains { tree[$0.name]["enabled"].text == "true" }
        let servers = try languageServers()
        return [.host, .gpu].contains(role) || isAskedFor || !servers.servers.isEmpty || !servers.ports.isEmpty
    }

    /// The section `llm`.
    func languageServers() throws(Failure) -> LLMSettings { try LLMSettings(tree[LLMDefinition.name]) }
}
