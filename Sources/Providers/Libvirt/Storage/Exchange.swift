import RPC

/// The folder, a mounted volume mostly, through which disks go out and come in.
struct Exchange: Sendable {
    let folder: String

    /// Errors: `unimplemented` when there is none, or for a way that is not gone here.
    init(_ settings: LibvirtProviderSettings, backend: String, mode: String) throws(RPCError) {
        guard ["", "pvc"].contains(backend.lowercased()) else {
            throw RPCError(.unimplemented, "backend_type: \(backend) is not known here; disks go through a folder, which is pvc")
        }
        guard ["", "relay", "auto"].contains(mode.lowercased()) else {
            throw RPCError(.unimplemented, "transfer_mode: \(mode) is not known here; the provider moves the bytes, which is relay")
        }
        guard let folder = settings.exchangeFolder else {
            throw RPCError(.unimplemented, "this provider has no folder to exchange disks through; its settings would name one")
        }
        self.folder = folder
    }

    /// The file that a URL means: `file://FOLDER/NAME`, or `file:NAME`. Errors: `invalidArgument` for everything outside.
    func file(_ url: String, field: String) throws(RPCError) -> String {
        for prefix in ["file://\(folder)/", "file:"] where url.hasPrefix(prefix) {
            let name = String(url.dropFirst(prefix.count))
            try Names.check(name, of: "disk", field: field)
            return "\(folder)/\(name)"
        }
        throw RPCError(.invalidArgument, "\(field): must be file://\(folder)/NAME; disks go nowhere else")
    }

    /// qcow2 or raw. Errors: `unimplemented`.
    static func format(_ said: String) throws(RPCError) -> String {
        let format = said.isEmpty ? "qcow2" : said.lowercased()
        guard ["qcow2", "raw"].contains(format) else {
            throw RPCError(.unimplemented, "format: \(said) is not made here; qcow2 and raw are, and qemu-img makes others of them")
        }
        return format
    }
}
