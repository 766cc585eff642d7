import Glibc
import SystemShim

/// Two ends of a pipe; children get neither but as what they print to.
package struct Pipe {
    package let reading: Int32
    package let writing: Int32

    package init() throws(Failure) {
        var ends: [Int32] = [-1, -1]
        let code = mlt_pipe(&ends)
        guard code == 0 else { throw Failure(.environment, "cannot make a pipe: \(systemMessage(-code))") }
        (reading, writing) = (ends[0], ends[1])
    }
}
