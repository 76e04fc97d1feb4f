-- SPDX-License-Identifier: MIT
-- What Lua does with a C library and a system under it: files, folders, pipes,
-- time, numbers as text, memory. Its arguments: two words.

local function same(got, wanted, what)
    if got ~= wanted then
        error(what .. ": " .. tostring(got) .. ", not " .. tostring(wanted), 2)
    end
end

same(#arg, 2, "arguments")
same(arg[1] .. arg[2], "onetwo words", "arguments")
same(arg[0], "/home/test.lua", "the script's name")

-- Numbers.
same(string.format("%.14g|%5.2f|%x|%q", 1 / 3, -2.345, 255, 1 / 3),
     "0.33333333333333|-2.35|ff|0x1.5555555555555p-2", "format")
same(tostring(2 ^ 63), "9.2233720368548e+18", "2^63")
same(math.maxinteger + 1 == math.mininteger, true, "whole numbers wrap")
same(tonumber("0x1p-3"), 0.125, "hexadecimal")
same(tonumber("1e308") * 10, math.huge, "infinity")
same(7 // 2 + -7 // 2 + -7 % 3, 3 - 4 + 2, "division")
same(math.floor(1000000 * math.sin(1)), 841470, "sine")
same(string.format("%.3f", math.exp(1)), "2.718", "e")

-- Files.
local path = os.tmpname()
local file = assert(io.open(path, "w"))
for i = 1, 10000 do
    assert(file:write(i, " ", i * i, "\n"))
end
assert(file:close())
file = assert(io.open(path, "r+"))
same(file:seek("end"), 134276, "size")
file:seek("set", 0)
local sum = 0
for a, b in file:lines("n", "n") do
    sum = sum + b - a * a + 1
end
same(sum, 10000, "lines read as numbers")
file:seek("set", 0)
file:write("first")
file:close()
for line in io.lines(path) do
    same(line, "first 4", "the first line, written anew")
    break
end
assert(os.rename(path, path .. ".new"))
same(select(2, io.open(path)), path .. ": No such file or directory", "open")
same(select(3, os.remove(path)), 2, "remove what is not there")
assert(os.remove(path .. ".new"))

-- Processes.
local pipe = assert(io.popen("echo a; echo b; exit 3"))
same(pipe:read("a"), "a\nb\n", "popen")
same(table.concat({tostring(select(1, pipe:close())), "exit", 3}, " "),
     "nil exit 3", "the end of a pipe")
pipe = assert(io.popen("cat >/tmp/lua.piped", "w"))
pipe:write("through a pipe")
same(pipe:close(), true, "the end of cat")
same(io.open("/tmp/lua.piped"):read("a"), "through a pipe", "to a pipe")
same(select(3, os.execute("exit 5")), 5, "execute")
same(select(2, os.execute("kill -9 $$")), "signal", "execute, killed")
same(os.getenv("PATH"), "/bin", "environment")

-- Time.
local now = os.time()
same(now > 1577836800, true, "now is after 2020")
same(os.time(os.date("*t", now)), now, "a date and back")
same(os.date("!%Y-%m-%d %H:%M:%S", 86399), "1970-01-01 23:59:59", "date")

-- The language.
local words = {}
for word in ("the quick brown fox"):gmatch("%a+") do
    words[#words + 1] = word:upper()
end
table.sort(words)
same(table.concat(words, " "), "BROWN FOX QUICK THE", "sorted words")
local make = coroutine.wrap(function()
    for i = 1, 3 do
        coroutine.yield(i)
    end
end)
same(make() + make() + make(), 6, "coroutine")
same(select(2, pcall(error, {code = 7})).code, 7, "an error caught")
same(utf8.len("gr\u{fc}n"), 4, "UTF-8")
same(pcall(string.rep, "x", -1), true, "nothing")
local big = {}
for i = 1, 50000 do
    big[i] = (i * 7919) % 50021
end
table.sort(big)
for i = 2, #big do
    same(big[i - 1] < big[i], true, "sorted numbers")
end
big = nil
collectgarbage()
same(collectgarbage("count") < 2000, true, "memory is given back")
same(load("return 6 * 7")(), 42, "load")
print("lua: all is well")
