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
                json.object { write(path, AccessPath(path).map { grant(at: $0.text) } ?? Grant(), into: &$0) }
            }
        }
        let given = Set(entries).subtracting(Self.usual)
        return document(reservingBytes: 4096 + inventory.guests.count * 200) { json in
            json.object { json in
                for path in Self.usual + given.sorted() {
                    let grant = grant(at: path)
                    if !grant.held.isEmpty { write(path, grant, into: &json) }
                }
                for pool in inventory.pools {
                    for index in pool.members {
                        let path = "/vms/\(inventory.guests[index].vmid)"
                        let grant = rights.grant(at: path, pool: pool.name)
                        if !grant.held.isEmpty, given.isEmpty || !given.contains(path) { write(path, grant, into: &json) }
                    }
                }
            }
        }
    }

    private func grant(at path: String) -> Grant { rights.grant(at: path, pool: inventory.pool(at: path)) }

    /// 1 for what holds below the path too.
    private func write(_ path: String, _ grant: Grant, into json: inout JSONWriter) {
        json.key(text: path)
        json.object { json in
            for privilege in grant.held.members {
                json.key(text: privilege.rawValue)
                json.integer(grant.inherited.contains(Privileges(privilege)) ? 1 : 0)
            }
        }
    }
}
