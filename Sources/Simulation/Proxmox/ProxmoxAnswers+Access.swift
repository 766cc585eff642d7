import JSON

/// What the one who asks may do.
extension ProxmoxAnswers {
    /// /access/permissions, of an auditor on `/`: the places that always are, and those that pools give rights on.
    ///
    /// - Parameter path: only this one.
    func permissions(path: String?) -> [UInt8] {
        let privileges = inventory.release.auditorPrivileges
        let usual = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"]
        let pooled = inventory.pools.flatMap(\.members).map { "/vms/\(inventory.guests[$0].vmid)" }
        let paths = path.map { [$0] } ?? usual + pooled
        return document(reservingBytes: paths.count * 160) { json in
            json.object { json in
                for path in paths {
                    json.key(text: path)
                    json.object { json in
                        for privilege in privileges {
                            json.key(text: privilege)
                            json.integer(1)
                        }
                    }
                }
            }
        }
    }
}
