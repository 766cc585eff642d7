import Primitives

/// Whose command lines are believed about virtual machines: a process says of itself what it likes.
struct MachineTrust {
    private let root: String
    /// As distributions call the users that QEMU runs as.
    private static let names: Set<String> = ["root", "libvirt-qemu", "qemu", "kvm"]
    private static let fileLimitBytes = 4 << 20

    init(fileSystemRoot: String) { root = fileSystemRoot }

    /// Whether root or QEMU's own user started it, and the program is QEMU as far as we may see.
    func isBelieved(_ process: ProcessFiles) -> Bool {
        guard let users = process.users(), users.allSatisfy({ $0 == 0 }) || users.allSatisfy(trusted().contains) else { return false }
        guard let program = process.program() else { return true }
        return MachineArguments.isMachine(program)
    }

    /// Numbers of users; 0 is always one.
    private func trusted() -> Set<Int> {
        guard let bytes = try? Files.read("\(root)/etc/passwd", limitBytes: Self.fileLimitBytes, regularOnly: true) else { return [0] }
        var numbers: Set<Int> = [0]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count > 2, Self.names.contains(String(decoding: fields[0], as: UTF8.self)),
                let number = Int(String(decoding: fields[2], as: UTF8.self))
            else { continue }
            numbers.insert(number)
        }
        return numbers
    }
}
