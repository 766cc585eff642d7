/// What the command line of QEMU says of the virtual machine that it runs.
struct MachineArguments: Equatable {
    /// As Proxmox gives it (`-id 101`).
    var vmid: String?
    var name: String?
    /// In lower case.
    var uuid: String?

    /// Nil when the program is no QEMU.
    init?(_ arguments: [String]) {
        guard let program = arguments.first, Self.isMachine(program) else { return nil }
        var index = 1
        while index + 1 < arguments.count {
            let value = arguments[index + 1]
            // QEMU takes one dash or two.
            let option = arguments[index].hasPrefix("--") ? arguments[index].dropFirst() : arguments[index][...]
            switch option {
            case "-id" where !value.isEmpty && value.utf8.count < 10 && value.utf8.allSatisfy({ (0x30...0x39).contains($0) }): vmid = value
            case "-name": name = Self.name(value)
            case "-uuid": uuid = value.lowercased()
            default:
                index += 1
                continue
            }
            index += 2
        }
    }

    /// Whether a program is QEMU, by its path.
    static func isMachine(_ path: String) -> Bool {
        guard let program = path.split(separator: "/").last else { return false }
        return program == "kvm" || program == "qemu-kvm" || program.hasPrefix("qemu-system-")
    }

    /// `web01,debug-threads=on`, `guest=web01,process=…`; a comma in a name is written twice.
    private static func name(_ value: String) -> String? {
        var items: [String] = [""]
        var bytes = value.unicodeScalars.makeIterator()
        var waiting = bytes.next()
        while let letter = waiting {
            waiting = bytes.next()
            if letter == ",", waiting == "," {
                items[items.count - 1].append(",")
                waiting = bytes.next()
            } else if letter == "," {
                items.append("")
            } else {
                items[items.count - 1].unicodeScalars.append(letter)
            }
        }
        if let guest = items.first(where: { $0.hasPrefix("guest=") }) { return guest.count > 6 ? String(guest.dropFirst(6)) : nil }
        return items.first.flatMap { $0.isEmpty || $0.contains("=") ? nil : $0 }
    }
}
