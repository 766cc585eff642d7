import JSON

/// Ceph, where it is installed: a monitor and two OSDs on each node, one of which is down.
extension ProxmoxAnswers {
    private static let identifier = "8a1d5a0e-6f6f-4e0e-9b0a-2f5a3c0d7c11"

    /// /cluster/ceph/status
    func ceph() -> [UInt8] {
        let views = world.views(at: moment)
        let (osds, total) = (views.count * 2, views.count * 2 * 3_840_755_982_336)
        let isBroken = world.trouble(.cephError, at: moment) != nil
        let down = min(osds, (isBroken ? max(2, osds / 2) : 1) + views.count { !$0.isOnline } * 2)
        let used = Int(inventory.shareUsed.value(at: moment) / Double(inventory.shareBytes) * Double(total))
        let monitors = views.prefix(5)
        return document(reservingBytes: 4096) { json in
            json.object { json in
                json.member("fsid", Self.identifier)
                json.member("election_epoch", 42)
                writeHealth(down: down, isBroken: isBroken, into: &json)
                json.key("quorum")
                json.array { json in for view in monitors where view.isOnline { json.integer(view.node.index) } }
                json.key("quorum_names")
                json.array { json in for view in monitors where view.isOnline { json.string(view.node.name) } }
                json.member("quorum_age", 86_400 + max(0, Int(moment)))
                json.key("monmap")
                json.object { json in
                    json.member("epoch", 5)
                    json.member("fsid", Self.identifier)
                    json.member("min_mon_release_name", "squid")
                    json.member("num_mons", monitors.count)
                }
                json.key("osdmap")
                json.object { json in
                    json.member("epoch", 1234)
                    json.member("num_osds", osds)
                    json.member("num_up_osds", max(0, osds - down))
                    json.member("num_in_osds", osds)
                    json.member("num_remapped_pgs", 0)
                }
                json.key("pgmap")
                json.object { json in
                    json.key("pgs_by_state")
                    json.array { json in
                        for (state, count) in [
                            ("active+clean", isBroken ? 40 : 97), (isBroken ? "down" : "active+undersized+degraded", isBroken ? 89 : 32),
                        ] {
                            json.object { json in
                                json.member("state_name", state)
                                json.member("count", count)
                            }
                        }
                    }
                    json.member("num_pgs", 129)
                    json.member("num_pools", 2)
                    json.member("num_objects", used / 4_194_304)
                    json.member("data_bytes", used / 3)
                    json.member("bytes_used", used)
                    json.member("bytes_avail", total - used)
                    json.member("bytes_total", total)
                    json.member("read_bytes_sec", 1_048_576)
                    json.member("write_bytes_sec", 4_194_304)
                    json.member("read_op_per_sec", 120)
                    json.member("write_op_per_sec", 310)
                }
                json.key("mgrmap")
                json.object { json in
                    json.member("available", true)
                    json.member("num_standbys", max(0, monitors.count - 1))
                }
            }
        }
    }

    private func writeHealth(down: Int, isBroken: Bool, into json: inout JSONWriter) {
        json.key("health")
        json.object { json in
            json.member("status", isBroken ? "HEALTH_ERR" : "HEALTH_WARN")
            json.key("checks")
            json.object { json in
                if isBroken {
                    json.key("PG_AVAILABILITY")
                    json.object { json in
                        json.member("severity", "HEALTH_ERR")
                        json.member("muted", false)
                        json.key("summary")
                        json.object { json in
                            json.member("message", "Reduced data availability: 89 pgs inactive, 89 pgs down")
                            json.member("count", 89)
                        }
                        json.key("detail")
                        json.array { $0.object { $0.member("message", "pg 2.1f is down") } }
                    }
                }
                json.key("OSD_DOWN")
                json.object { json in
                    json.member("severity", "HEALTH_WARN")
                    json.member("muted", false)
                    json.key("summary")
                    json.object { json in
                        json.member("message", "\(down) osds down")
                        json.member("count", down)
                    }
                    json.key("detail")
                    json.array { $0.object { $0.member("message", "osd.1 is down") } }
                }
            }
            json.key("mutes")
            json.array { _ in }
        }
    }
}
