extension PageFiles {
    private static let folder = "viewer/"

    /// The page that the program carries.
    static var shipped: [(name: String, bytes: [UInt8])] {
        EmbeddedPage.all.filter { $0.path.hasPrefix(folder) }.map { (String($0.path.dropFirst(folder.count)), Array($0.text.utf8)) }
    }
}

extension Runbook {
    /// The one that the program carries.
    static let shipped = Runbook(EmbeddedPage.all.first { $0.path == "docs/runbook.md" }?.text ?? "")
}
