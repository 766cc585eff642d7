extension PageFiles {
    /// The page that the program carries.
    static var shipped: [(name: String, bytes: [UInt8])] {
        EmbeddedPage.all.map { ($0.path.hasPrefix("viewer/") ? String($0.path.dropFirst("viewer/".count)) : $0.path, Array($0.text.utf8)) }
    }
}
