import JSON
package import Primitives
package import Web

/// A row of `/cluster/mapping/pci`: a name for cards, and where they are.
package struct PCIMapping: Sendable {
    package struct Place: Sendable {
        package let node: String
        /// `0000:01:00.0`
        package let address: String
    }

    package let id: String
    package let places: [Place]

    /// A cluster has fewer cards.
    private static let placeLimit = 1024

    init?(_ row: JSONValue) {
        guard let id = row["id"]?.word else { return nil }
        self.id = id
        var places: [Place] = []
        row["map"]?.forEachElement { value in
            guard let text = value.word, places.count < Self.placeLimit else { return }
            let properties = PropertyText(text)
            guard let node = properties["node"], let path = properties["path"] else { return }
            // Several functions of a card are separated by `;`.
            for address in path.split(separator: ";") where places.count < Self.placeLimit {
                places.append(Place(node: node, address: String(address)))
            }
        }
        self.places = places
    }
}

extension ProxmoxClient {
    package func pciMappings(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Listing<PCIMapping> {
        try await get("/cluster/mapping/pci", http: http, by: deadline) { Listing($0, PCIMapping.init) }
    }
}
