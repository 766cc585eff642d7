import JSON

/// Storages as nodes find them when they look, and as they are set up.
extension ProxmoxAnswers {
    /// What /nodes/N/storage may be asked for.
    struct StorageFilter: Sendable {
        var isEnabledOnly = false
        var name: String?
        var content: String?
    }

    /// Set up and switched off, so that nobody has to guess what that looks like.
    private static let disabled = "old-nas"
    private static let digest = "2550a61c039396a282dc821a253401a6802d6760"

    /// /nodes/N/storage
    func storages(_ view: NodeView, _ filter: StorageFilter) -> [UInt8] {
        document(reservingBytes: 2048) { json in
            json.array { json in
                for storage in inventory.storages where filter.accepts(storage.name, storage.content) && rights.list(storage: storage.name)
                {
                    let isLost = isLost(storage, view)
                    let (used, total) = isLost ? (0, 0) : usage(of: storage, view)
                    json.object { json in
                        json.member("storage", storage.name)
                        json.member("type", storage.pluginType)
                        json.member("content", storage.content)
                        json.member("shared", storage.isShared ? 1 : 0)
                        json.member("enabled", 1)
                        json.member("active", isLost ? 0 : 1)
                        json.member("total", total)
                        json.member("used", used)
                        json.member("avail", max(0, total - used - (storage.kind == .root ? total / 20 : 0)))
                        json.member("used_fraction", total > 0 ? Double(used) / Double(total) : 0)
                    }
                }
                guard !filter.isEnabledOnly, filter.accepts(Self.disabled, "backup"), rights.list(storage: Self.disabled) else { return }
                json.object { json in
                    json.member("storage", Self.disabled)
                    json.member("type", "nfs")
                    json.member("content", "backup")
                    json.member("shared", 1)
                    for key: StaticString in ["enabled", "active", "total", "used", "avail"] { json.member(key, 0) }
                }
            }
        }
    }

    /// /storage: the configuration that all nodes share.
    func storageConfiguration() -> [UInt8] {
        document { json in
            json.array { json in
                for storage in inventory.storages where rights.list(storage: storage.name) {
                    json.object { json in
                        json.member("storage", storage.name)
                        json.member("type", storage.pluginType)
                        json.member("content", storage.content)
                        json.member("digest", Self.digest)
                        switch storage.kind {
                        case .root: json.member("path", "/var/lib/vz")
                        case .pool: json.member("pool", "rpool/data")
                        case .share: writeServer(storage.name, into: &json)
                        }
                    }
                }
                guard rights.list(storage: Self.disabled) else { return }
                json.object { json in
                    json.member("storage", Self.disabled)
                    json.member("type", "nfs")
                    json.member("content", "backup")
                    json.member("digest", Self.digest)
                    json.member("disable", 1)
                    writeServer(Self.disabled, into: &json)
                }
            }
        }
    }

    private func writeServer(_ name: String, into json: inout JSONWriter) {
        json.member("server", "10.0.0.5")
        json.member("export", "/export/\(name)")
        json.member("path", "/mnt/pve/\(name)")
        json.member("prune-backups", "keep-last=3")
    }
}

extension ProxmoxAnswers.StorageFilter {
    fileprivate func accepts(_ storage: String, _ contents: String) -> Bool {
        let wanted = content.map { $0.split(separator: ",") } ?? []
        return (name ?? storage) == storage && (wanted.isEmpty || contents.split(separator: ",").contains { wanted.contains($0) })
    }
}
