import JSON

/// Groups of guests.
extension ProxmoxAnswers {
    /// What of a pool is asked for; nil for all.
    enum MemberType: String, Sendable, CaseIterable { case qemu, lxc, storage }

    /// /pools
    func pools() -> [UInt8] {
        document { json in
            json.array { json in
                for pool in inventory.pools where rights.show(pool: pool.name) { json.object { Self.writeName(pool, into: &$0) } }
            }
        }
    }

    /// /pools/ID, and the one element of /pools?poolid=ID; nil for no such pool.
    func pool(_ name: String, isListed: Bool, type: MemberType?) -> [UInt8]? {
        guard let pool = inventory.pools.first(where: { $0.name == name }) else { return nil }
        return document(reservingBytes: 512 + pool.members.count * 512) { json in
            if isListed { json.array { write(pool, type, into: &$0) } } else { write(pool, type, into: &json) }
        }
    }

    private func write(_ pool: Inventory.Pool, _ type: MemberType?, into json: inout JSONWriter) {
        let views = world.views(at: moment)
        json.object { json in
            Self.writeName(pool, into: &json)
            json.key("members")
            json.array { json in
                for index in pool.members {
                    let guest = inventory.guests[index]
                    guard type == nil || type?.rawValue == guest.kind.rawValue else { continue }
                    let view = views[guest.node]
                    writeResource(guest, reading(of: guest, view), view, isMember: true, into: &json)
                }
            }
        }
    }

    private static func writeName(_ pool: Inventory.Pool, into json: inout JSONWriter) {
        json.member("poolid", pool.name)
        json.member("comment", "guests of \(pool.name)")
    }
}
