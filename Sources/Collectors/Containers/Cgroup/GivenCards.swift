import Primitives

/// What the kernel shows of cards that a container was given, where no engine says. For one thread.
struct GivenCards {
    let root: String
    let tree: CgroupTree?
    let files: KernelFileReader
    /// Whether the machine has the driver at all.
    let hasDriver: Bool

    private static let cardLimit = 64
    /// The kernel's number of devices called `/dev/nvidia0` and so on; those past this one are none of cards.
    private static let major: StaticString = "195"
    private static let lastMinor: UInt64 = 253

    init(fileSystemRoot: String, tree: CgroupTree?, files: KernelFileReader) {
        root = fileSystemRoot
        self.tree = tree
        self.files = files
        hasDriver = ["proc/driver/nvidia/version", "dev/nvidiactl"].contains { Files.exists("\(fileSystemRoot)/\($0)") }
    }

    /// Numbers of the cards; empty when it was given none, nil when nothing tells.
    func cards(_ path: String, firstProcess: Int?) -> [String]? {
        if let tree, tree.version == .one, let cards = allowed("\(tree.top)/devices/\(path)/devices.list") { return cards }
        if let firstProcess, let cards = mounted("\(root)/proc/\(firstProcess)/mountinfo") { return cards }
        return nil
    }

    /// `c 195:0 rwm`. Nil when all devices are allowed, which says nothing of any.
    private func allowed(_ path: String) -> [String]? {
        files.read(path) { text in
            var text = text
            var cards: [String] = []
            var hasLines = false
            while var line = text.nextLine() {
                guard let kind = line.nextWord(), var number = line.nextWord(), let access = line.nextWord() else { continue }
                hasLines = true
                // Making the file of a device is not opening it.
                guard access.string.contains("r") else { continue }
                if kind == "a" { return nil }
                guard kind == "c", let major = number.next(before: UInt8(ascii: ":")) else { continue }
                if major == "*" || major == Self.major && number == "*" { return nil }
                if major == Self.major, let minor = number.number, minor <= Self.lastMinor, cards.count < Self.cardLimit {
                    cards.append(String(minor))
                }
            }
            return hasLines ? cards.sorted() : nil
        }
    }

    /// `36 35 0:6 /nvidia0 /dev/nvidia0 rw - devtmpfs udev rw`: files of devices that were put into the container. Nil when there are none, as
    /// runtimes may also make them anew.
    private func mounted(_ path: String) -> [String]? {
        files.read(path) { text in
            var text = text
            var cards: [String] = []
            while var line = text.nextLine() {
                var words: [KernelText] = []
                while words.count < 5, let word = line.nextWord() { words.append(word) }
                guard words.count == 5 else { continue }
                let (source, place) = (words[3].string, words[4].string)
                guard source.hasPrefix("/nvidia"), place.hasPrefix("/dev/nvidia") else { continue }
                let number = source.dropFirst("/nvidia".count)
                guard let minor = number.utf8.decimalNumber, minor <= Self.lastMinor, cards.count < Self.cardLimit else { continue }
                if !cards.contains(String(minor)) { cards.append(String(minor)) }
            }
            return cards.isEmpty ? nil : cards.sorted()
        }
    }
}
