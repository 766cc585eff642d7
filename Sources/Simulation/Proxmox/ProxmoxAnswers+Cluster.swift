import JSON

/// What the cluster says of its guests and of itself, beyond rows and tasks.
extension ProxmoxAnswers {
    /// /cluster/backup-info/not-backed-up: guests of offline nodes too, with their names.
    func notBackedUp() -> [UInt8] {
        let missing = Set(inventory.notBackedUp)
        return document(reservingBytes: 256 + inventory.notBackedUp.count * 64) { json in
            json.array { json in
                for guest in inventory.presentGuests where rights.show(guest) && (missing.contains(guest.index) || isLeftOut(guest)) {
                    json.object { json in
                        json.member("vmid", guest.vmid)
                        json.member("name", guest.name)
                        json.member("type", guest.kind == .qemu ? "qemu" : "lxc")
                    }
                }
            }
        }
    }

    /// /cluster/config/qdevice: the lines of corosync-qdevice's status that Proxmox VE picks; nothing without such a device.
    func qdevice() -> [UInt8] {
        document { json in
            json.object { json in
                guard inventory.hasQDevice else { return }
                json.member("Model", "Net")
                json.member("QNetd host", "127.0.0.1:5403")
                json.member("Algorithm", "Fifty-Fifty split")
                json.member("Tie-breaker", "Node with lowest node ID")
                json.member("State", world.trouble(.qdeviceDown, at: moment) == nil ? "Connected" : "Connect failed")
            }
        }
    }

    /// Whether somebody has taken a guest out of all jobs.
    func isLeftOut(_ guest: Guest) -> Bool { world.has(.backupMissing, guest, at: moment) }
}
