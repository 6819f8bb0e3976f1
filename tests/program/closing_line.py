"""Main of the Python tests: runs the unittest cases of the calling file, says why a test was skipped, and closes with

    N passed, N failed, N skipped

as every runner of this project does. A test with several failing sub-tests counts once. Without arguments all tests run;
names of classes and tests (Class, Class.test) and -k part choose, as with unittest itself."""
import argparse
import sys
import unittest


class _Result(unittest.TextTestResult):
    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skipped: {test.id().removeprefix('__main__.')}: {reason}", flush=True)


def _failed_tests(result):
    broken = result.failures + result.errors
    # A sub-test, and a class or module that could not be set up, stand for one test each.
    return {getattr(test, "test_case", test).id() for test, _ in broken} | {test.id() for test in result.unexpectedSuccesses}


def main():
    module = sys.modules["__main__"]
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", action="append", metavar="part")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    loader = unittest.TestLoader()
    if arguments.k:
        loader.testNamePatterns = [part if "*" in part else f"*{part}*" for part in arguments.k]
    suite = loader.loadTestsFromNames(arguments.names, module) if arguments.names else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=_Result).run(suite)
    failed = len(_failed_tests(result))
    skipped = len(result.skipped)
    passed = max(0, result.testsRun - failed - skipped)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(1 if failed else 0)
