import Primitives
import TestSupport

extension ScratchFolder {
    func write(_ text: String, _ name: String) throws(Failure) { try Files.write(Array(text.utf8), to: "\(path)/\(name)") }
}
