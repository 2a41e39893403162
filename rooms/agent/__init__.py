"""The agent: joins rooms as a participant that looks and talks like a person. No Django in here.

server      takes jobs from LiveKit: how many fit, warm start, drain    order     what a job asks for
session     one avatar in one room                                      commands  what the site asks of it
sources/    where speech comes from: text, files, a microphone, another agent's stream
generators/ pictures for that speech: portrait, loop, wave, spectrum, hue
pacer       sound and pictures out at their time                        publisher the two tracks
protocol    LiveKit's avatar protocol                                   captions  words in time with the sound
"""
