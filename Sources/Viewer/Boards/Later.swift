import Boards
import JSON
extension PanelFrame {
    func write(into writer: inout JSONWriter) { writer.object { $0.member("length", length) } }
    var csv: [[UInt8]] { [] }
}
