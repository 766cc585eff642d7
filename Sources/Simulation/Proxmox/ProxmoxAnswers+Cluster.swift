import JSON

/// What the cluster says of its guests and of itself, beyond rows and tasks.
extension ProxmoxAnswers {
    /// /cluster/backup-info/not-backed-up: guests of offline nodes too, with their names.
    func notBackedUp() -> [UInt8] {
        document(reservingBytes: 256 + inventory.notBackedUp.count * 64) { json in
            json.array { json in
                for index in inventory.notBackedUp where rights.show(inventory.guests[index]) {
                    let guest = inventory.guests[index]
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
                json.member("State", "Connected")
            }
        }
    }
}
