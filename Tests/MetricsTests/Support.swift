import Metrics

/// The exposition of buffers, as text in one piece.
func text(_ catalogues: [Catalogue], _ buffers: [[SampleBuffer]]) throws -> String {
    text(Exposition(try FamilyTable(catalogues), buffers))
}

/// An exposition as text in one piece.
func text(_ exposition: Exposition) -> String {
    var whole: [UInt8] = []
    var buffer: [UInt8] = []
    TextFormat.write(exposition, through: &buffer) { chunk in
        whole += chunk
        chunk.removeAll(keepingCapacity: true)
    }
    return String(decoding: whole, as: UTF8.self)
}

/// An exposition as OpenMetrics in one piece.
func openMetrics(_ exposition: Exposition) -> String {
    var whole: [UInt8] = []
    var buffer: [UInt8] = []
    OpenMetricsFormat.write(exposition, through: &buffer) { chunk in
        whole += chunk
        chunk.removeAll(keepingCapacity: true)
    }
    return String(decoding: whole, as: UTF8.self)
}

/// The lines that are no comment.
func samples(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.hasPrefix("#") } }
