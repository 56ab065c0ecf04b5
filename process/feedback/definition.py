"""Scores that people give, of how likely they are to recommend us.

https://www.netpromotersystem.com/about/measuring-your-net-promoter-score/
"""

SCORES = range(11)
#: Up to here somebody warns others of us; who is indifferent comes after that.
DETRACTOR = 6
