package packrun

# Each of these asks the host for what no policy gets.

fetched if http.send({"method": "get", "url": "https://acme.example/"}).status_code == 200

timely if time.now_ns() < 0

informed if opa.runtime().env.HOME == "/root"

lucky if rand.intn("die", 6) == 5

split if regex.split("a", "bab") == ["b", "b"]
