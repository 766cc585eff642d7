import JSON

/// Kept states of guests.
extension ProxmoxAnswers {
    /// /nodes/N/qemu/ID/snapshot and lxc: the oldest first, and at the end what the guest is now.
    func snapshots(_ guest: Guest) -> [UInt8] {
        let snapshots = world.snapshots(of: guest, at: moment)
        return document { json in
            json.array { json in
                for snapshot in snapshots {
                    json.object { json in
                        json.member("name", snapshot.name)
                        json.member("description", snapshot.description)
                        json.member("snaptime", snapshot.time)
                        if guest.kind == .qemu { json.member("vmstate", 0) }
                        if let parent = snapshot.parent { json.member("parent", parent) }
                    }
                }
                json.object { json in
                    json.member("name", "current")
                    json.member("description", "You are here!")
                    json.member("digest", GuestIdentity(guest, in: world).digest)
                    json.member("running", guest.isLive ? 1 : 0)
                    if let last = snapshots.last { json.member("parent", last.name) }
                }
            }
        }
    }
}
