import JSON

/// What the one who asks may do.
extension ProxmoxAnswers {
    private static let usual = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"]

    /// /access/permissions: the places that always are, those that somebody was given rights on, and those that pools give rights on,
    /// as far as something may be done there.
    ///
    /// - Parameters:
    ///   - path: only this one, even if nothing may be done there.
    ///   - entries: the paths that somebody was given rights on.
    func permissions(path: String?, entries: [String] = []) -> [UInt8] {
        if let path {
            return document { json in
                json.object { json in
                    json.key(text: path)
                    var texts = GrantTexts()
                    texts.write(AccessPath(path).map { grant(at: $0.text) } ?? Grant(), into: &json)
                }
            }
        }
        let given = Set(entries).subtracting(Self.usual)
        // Of thousands of guests most have the same.
        var texts = GrantTexts()
        return document(reservingBytes: 4096 + inventory.guests.count * 200) { json in
            json.object { json in
                for path in Self.usual + given.sorted() {
                    let grant = grant(at: path)
                    guard !grant.held.isEmpty else { continue }
                    json.key(text: path)
                    texts.write(grant, into: &json)
                }
                for pool in inventory.pools {
                    for index in pool.members {
                        let path = "/vms/\(inventory.guests[index].vmid)"
                        let grant = rights.grant(at: path, pool: pool.name)
                        guard !grant.held.isEmpty, !given.contains(path) else { continue }
                        json.key(text: path)
                        texts.write(grant, into: &json)
                    }
                }
            }
        }
    }

    private func grant(at path: String) -> Grant { rights.grant(at: path, pool: inventory.pool(at: path)) }
}

/// Writes what is held, by name; what was written last is remembered.
private struct GrantTexts {
    private var last = Grant()
    private var members: [(name: String, holdsBelow: Int)] = []

    /// 1 for what holds below the path too.
    mutating func write(_ grant: Grant, into json: inout JSONWriter) {
        if grant != last {
            last = grant
            members = grant.held.members.map { ($0.rawValue, grant.inherited.contains(Privileges($0)) ? 1 : 0) }
        }
        json.object { json in
            for (name, holdsBelow) in members {
                json.key(text: name)
                json.integer(holdsBelow)
            }
        }
    }
}
