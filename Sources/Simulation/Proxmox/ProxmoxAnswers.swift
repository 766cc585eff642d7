import JSON
import Primitives

/// Writes what the API says of a world at one moment.
struct ProxmoxAnswers: Sendable {
    let world: World
    /// Seconds since the world's epoch.
    let moment: Double
    /// What the one who asks may see.
    var rights: AccessRights

    /// Answers as of a unix time.
    ///
    /// - Parameter rights: by default those of who may look at everything.
    init(world: World, unixSeconds: Double, rights: AccessRights? = nil) {
        self.world = world
        moment = world.moment(of: unixSeconds)
        self.rights = rights ?? .auditor(of: world.inventory.release)
    }

    var inventory: Inventory { world.inventory }

    /// `{"data":…}`
    func document(reservingBytes capacity: Int = 1024, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter(reservingBytes: capacity)
        json.object { json in
            json.key("data")
            body(&json)
        }
        return json.bytes
    }

    /// /version, which is that of the node that was asked, and /nodes/N/version
    func version(of node: Int?) -> [UInt8] {
        let (version, repository) = installed(on: node)
        return document { json in
            json.object { json in
                json.member("version", version)
                json.member("release", inventory.release.rawValue)
                json.member("repoid", repository)
            }
        }
    }

    /// What is installed on a node.
    func installed(on node: Int?) -> (version: String, repository: String) {
        let isOld = node.map { world.trouble(.versionMismatch, node: $0, at: moment) != nil } ?? false
        return isOld ? inventory.release.older : (inventory.release.version, inventory.release.repository)
    }

    /// /cluster/status. A node that stands alone has no cluster row and no number.
    func clusterStatus() -> [UInt8] {
        let views = world.views(at: moment)
        let isCluster = views.count > 1
        let local = views.first { $0.isOnline }?.node.index
        return document { json in
            json.array { json in
                if isCluster {
                    json.object { json in
                        json.member("type", "cluster")
                        json.member("id", "cluster")
                        json.member("name", inventory.cluster)
                        json.member("version", views.count)
                        json.member("nodes", views.count)
                        json.member("quorate", isQuorate(views) ? 1 : 0)
                    }
                }
                for view in views {
                    json.object { json in
                        json.member("type", "node")
                        json.member("id", "node/" + view.node.name)
                        json.member("name", view.node.name)
                        json.member("nodeid", isCluster ? view.node.index + 1 : 0)
                        if view.isOnline { json.member("ip", view.node.address) }
                        json.member("online", view.isOnline ? 1 : 0)
                        json.member("local", view.node.index == local ? 1 : 0)
                        json.member("level", view.node.level)
                    }
                }
            }
        }
    }
}

/// `value` hundredths as a decimal with two places, as in `0.07`. Fits a String's own bytes, so it costs no allocation.
func hundredthsText(_ value: Int) -> String {
    String(unsafeUninitializedCapacity: 15) { text in
        var rest = min(max(value, 0), 999_999_999)
        var position = 15
        for place in 0..<15 where place < 3 || rest > 0 {
            if place == 2 {
                position -= 1
                text[position] = 0x2E
            }
            position -= 1
            text[position] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
        let count = 15 - position
        for index in 0..<count { text[index] = text[position + index] }
        return count
    }
}
