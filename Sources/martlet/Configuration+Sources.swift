import LLMCollector
import Primitives
import Settings

extension Configuration {
    /// Whether the settings name something to watch that is no cluster. What a machine merely has, such as pools and containers, names nothing.
    func namesOtherSources() throws(Failure) -> Bool {
        let servers = try llm()
        let isAskedFor = ["zfs", "gpu", "containers", "system", "llm"].contains { tree[$0]["enabled"].text == "true" }
        return [.host, .gpu].contains(role) || isAskedFor || !servers.servers.isEmpty || !servers.ports.isEmpty
    }
}
