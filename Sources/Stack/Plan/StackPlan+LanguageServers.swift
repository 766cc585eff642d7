import Primitives
import Web

extension StackPlan {
    /// Simulated servers of language models on the host with cards: one further process of ours, and the exporter beside the cards asks them.
    package struct LanguageServers: Sendable {
        /// One of them, as settings name it.
        package struct Server: Sendable {
            package var name: String
            package var place: Place
            /// Of a kind that has its metrics on another port.
            package var metrics: Place?
            /// Whether the machine has a container of its name, which it is in.
            package var isInContainer: Bool
            /// Whether it may be asked to generate a few tokens now and then.
            package var isProbed: Bool

            package init(name: String, place: Place, metrics: Place?, isInContainer: Bool, isProbed: Bool) {
                (self.name, self.place, self.metrics) = (name, place, metrics)
                (self.isInContainer, self.isProbed) = (isInContainer, isProbed)
            }
        }

        /// Kinds with commas between them, as the simulator takes them.
        package var kinds: String
        /// Where the simulator takes scenarios and faults.
        package var control: Place
        /// In the order of ports, which count on from the first.
        package var servers: [Server]
        /// The simulated Loki that their lines go to.
        package var loki: Place

        package init(kinds: String, control: Place, servers: [Server], loki: Place) {
            (self.kinds, self.control, self.servers, self.loki) = (kinds, control, servers, loki)
        }

        /// All places that listen.
        var places: [Place] { [control, loki] + servers.flatMap { [$0.place, $0.metrics].compactMap(\.self) } }

        /// The settings of the exporter that asks them.
        func settings(_ yaml: (String) -> String) -> String {
            // What is simulated may be asked often, so that what happens there is seen at once.
            var text = "# Written by martlet at each start where it simulates servers of language models.\nllm:\n  min_interval: 10s\n"
            text += "  probe:\n    interval: 1m\n  servers:\n"
            for server in servers {
                text += "    - name: \(yaml(server.name))\n      url: \(yaml(server.place.address.url()))\n"
                if let metrics = server.metrics { text += "      metrics_url: \(yaml(metrics.address.url() + "/metrics"))\n" }
                if server.isInContainer { text += "      container: \(yaml(server.name))\n" }
                if server.isProbed { text += "      probe: true\n" }
            }
            return text
        }
    }
}
