import Exporting
import LLMCollector
import LibvirtCollector
import Primitives
import Settings

extension Configuration {
    /// Whether the settings name something to watch that is no cluster. What a machine merely has, such as pools and containers, names nothing.
    func namesOtherSources() throws(Failure) -> Bool {
        let isAskedFor = Collectors.registered.contains { tree[$0.name]["enabled"].text == "true" }
        let servers = try languageServers()
        let namesHypervisors = try hypervisors() != nil
        return [.host, .gpu].contains(role) || isAskedFor || !servers.servers.isEmpty || !servers.ports.isEmpty
            || namesHypervisors
    }

    /// The hypervisors of libvirt that the settings name, without users and parameters; nil for none.
    func hypervisors() throws(Failure) -> [String]? {
        let settings = try LibvirtSettings(tree[LibvirtDefinition.name])
        return settings.isNamed ? settings.uris.map(\.label) : nil
    }

    /// The section `llm`.
    func languageServers() throws(Failure) -> LLMSettings { try LLMSettings(tree[LLMDefinition.name]) }
}
