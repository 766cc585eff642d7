import JSON
import Primitives

/// What requests leave to the settings. It is written down with an operation when that is accepted: a life after this one may have other settings, and
/// would look for what was made where it is not.
extension LibvirtProviderSettings {
    /// The note's name.
    static let note = "settings"

    var noted: String {
        var writer = JSONWriter()
        writer.object { object in
            object.member("pool", pool)
            object.member("network", network)
            object.member("vnc", vncListen ?? "")
            object.member("exchange", exchangeFolder ?? "")
            object.key("bridges")
            object.array { array in for bridge in bridges { array.string(bridge) } }
            object.key("macPrefixes")
            object.array { array in for prefix in macPrefixes { array.string(prefix) } }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// These, with what was noted; nil is an operation of a version that noted nothing.
    func with(_ note: String?) -> LibvirtProviderSettings {
        guard let note, let document = try? JSONDocument(parsing: Array(note.utf8)) else { return self }
        var settings = self
        document.withRoot { root in
            if let pool = root["pool"]?.text { settings.pool = pool }
            if let network = root["network"]?.text { settings.network = network }
            if let listen = root["vnc"]?.text { settings.vncListen = listen.isEmpty ? nil : listen }
            if let folder = root["exchange"]?.text { settings.exchangeFolder = folder.isEmpty ? nil : folder }
            if let bridges = root["bridges"] { settings.bridges = Self.texts(bridges) }
            if let prefixes = root["macPrefixes"] { settings.macPrefixes = Self.texts(prefixes) }
        }
        return settings
    }

    private static func texts(_ value: borrowing JSONValue) -> [String] {
        var texts: [String] = []
        value.forEachElement { if let text = $0.text { texts.append(text) } }
        return texts
    }
}
