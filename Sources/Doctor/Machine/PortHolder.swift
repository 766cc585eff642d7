import Glibc
import Primitives
import Web

/// Who listens on a port of this machine, as the kernel's tables and the folders of processes tell.
struct PortHolder: Sendable, Equatable {
    /// nil when it is of another user, whose processes are not shown to us.
    let processID: Int?
    /// `prometheus`: the file that it runs, else what it calls itself, at most 15 letters; nil likewise.
    let name: String?
    /// Whether the name is that of the file, which a program cannot choose.
    var isOfFile = false
    /// Whose it is; nil likewise.
    var userID: UInt32?

    /// Whether it is of somebody who could have put it there to be taken for another: neither this user nor root, nor an account that a
    /// service of the system was given.
    func isOfStranger(ourUserID: UInt32) -> Bool {
        guard let userID, userID != 0, userID != ourUserID else { return false }
        return !isOfFile || !(userID < 1000 || Self.dynamicUsers.contains(userID))
    }

    /// systemd's `DynamicUser=`.
    private static let dynamicUsers: ClosedRange<UInt32> = 61184...65519

    private static let listening = "0A"

    /// nil when nobody listens there.
    ///
    /// - Parameter proc: where the kernel tells of processes.
    static func find(_ address: ListenAddress, proc: String = "/proc") -> PortHolder? {
        let inodes = Set(
            ["tcp", "tcp6"].flatMap { table -> [String] in
                guard let bytes = try? Files.read("\(proc)/net/\(table)") else { return [] }
                return Self.inodes(of: address.port, in: String(decoding: bytes, as: UTF8.self), host: address.host)
            })
        guard !inodes.isEmpty else { return nil }
        for entry in Files.names(in: proc) ?? [] {
            guard let processID = Int(entry) else { continue }
            for descriptor in Files.names(in: "\(proc)/\(entry)/fd", limit: 100_000) ?? [] {
                guard let link = Files.linkTarget("\(proc)/\(entry)/fd/\(descriptor)"), link.hasPrefix("socket:["),
                    inodes.contains(String(link.dropFirst(8).dropLast()))
                else { continue }
                return of(processID, "\(proc)/\(entry)")
            }
        }
        return PortHolder(processID: nil, name: nil)
    }

    private static func of(_ processID: Int, _ folder: String) -> PortHolder {
        var status = stat()
        let userID = stat(folder, &status) == 0 ? status.st_uid : nil
        let file = Files.linkTarget("\(folder)/exe").map(fileName)
        return PortHolder(
            processID: processID, name: file ?? (try? Files.readLine("\(folder)/comm")), isOfFile: file != nil, userID: userID)
    }

    /// The last part of a path. Of a file that was replaced since, as by an update, the kernel says so.
    static func fileName(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let mark = " (deleted)"
        return name.hasSuffix(mark) ? String(name.dropLast(mark.count)) : name
    }

    /// The inodes of sockets that listen on the port, from a table of the kernel: `sl local_address rem_address st … inode`.
    ///
    /// Addresses stand in the machine's own order of bytes. One that listens on all of them is in the way of any.
    static func inodes(of port: UInt16, in table: String, host: String) -> [String] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == listening, let colon = fields[1].lastIndex(of: ":") else { return nil }
            guard UInt16(fields[1][fields[1].index(after: colon)...], radix: 16) == port else { return nil }
            let local = fields[1][..<colon]
            let isOfAll = local.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
            let wanted = version4(host)
            guard isOfAll || wanted.map({ local.hasSuffix($0) }) ?? true else { return nil }
            return String(fields[9])
        }
    }

    /// `0100007F` of `127.0.0.1`; nil of what is no IPv4 address or means all.
    private static func version4(_ host: String) -> String? {
        guard let address = IPAddress(host), !address.isSix, host != "0.0.0.0" else { return nil }
        return address.bytes.reversed().map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
